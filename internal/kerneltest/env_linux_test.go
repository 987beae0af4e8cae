package kerneltest

import (
	"net"
	"testing"
)

func TestSandboxHasOnlyLoopback(t *testing.T) {
	inSandbox(t)
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	if len(interfaces) != 1 || interfaces[0].Name != "lo" || interfaces[0].Flags&net.FlagUp == 0 {
		t.Errorf("interfaces %v, want lo alone, up", interfaces)
	}
}
