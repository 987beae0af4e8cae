package classic_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"

	"github.com/purebpf/purebpf/asm/classic"
)

// What the package comment says of golang.org/x/net/bpf. When one of these fails, that package has changed and the
// comment has to follow.
func TestDifferencesFromXNet(t *testing.T) {
	tests := []struct {
		name string
		raw  bpf.RawInstruction
		x    bpf.Instruction
	}{
		{"ldx #len", ins(0x81, 0, 0, 0), bpf.LoadExtension{Num: bpf.ExtLen}},
		{"ldh of an extension", ins(0x28, 0, 0, 0xfffff000), bpf.LoadExtension{Num: bpf.ExtProto}},
		{"no extension", ins(0x20, 0, 0, 0xfffff001), bpf.LoadExtension{Num: bpf.ExtLen}},
		{"ldx [4]", ins(0x21, 0, 0, 4), bpf.LoadAbsolute{Off: 4, Size: 4}},
		{"ldx 4*([14]&0xf)", ins(0xa1, 0, 0, 14), bpf.LoadMemShift{Off: 14}},
		{"ldxh 4*([14]&0xf)", ins(0xa9, 0, 0, 14), bpf.LoadMemShift{Off: 14}},
		{"neg x", ins(0x8c, 0, 0, 0), bpf.NegateA{}},
		{"ja x", ins(0x0d, 0, 0, 1), bpf.Jump{Skip: 1}},
		{"upper byte", ins(0xff04, 0, 0, 1), bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 1}},
		{"unused fields", ins(0x84, 1, 2, 3), bpf.NegateA{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.x, tt.raw.Disassemble()); diff != "" {
				t.Errorf("Disassemble (-want +got):\n%s", diff)
			}
			back, err := tt.x.Assemble()
			if err != nil {
				t.Fatal(err)
			}
			if back == tt.raw {
				t.Errorf("assembles to the same: no difference")
			}
		})
	}
}

func TestInstructionsOfXNet(t *testing.T) {
	b := classic.NewBuilder("both")
	b.LoadLen()
	b.LoadLenX()
	b.LoadHalf(12)
	b.LoadExtension(classic.ExtProtocol)
	b.LoadExtension(classic.ExtALUXorX)
	b.Emit(ins(0x28, 0, 0, 0xfffff000))
	b.LoadByte(classic.NetOff + 9)
	b.JumpIf(classic.NotEq(17), "other")
	b.ReturnA()
	b.Label("other")
	b.Return(0)
	want := []bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtLen},
		ins(0x81, 0, 0, 0),
		bpf.LoadAbsolute{Off: 12, Size: 2},
		bpf.LoadExtension{Num: bpf.ExtProto},
		bpf.LoadExtension{Num: 40},
		ins(0x28, 0, 0, 0xfffff000),
		bpf.LoadAbsolute{Off: 0xfff00009, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: 17, SkipTrue: 1},
		bpf.RetA{},
		bpf.RetConstant{},
	}
	p := build(t, b)
	if diff := cmp.Diff(want, p.Instructions()); diff != "" {
		t.Errorf("instructions (-want +got):\n%s", diff)
	}
	raw, err := bpf.Assemble(p.Instructions())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p.Raw(), raw); diff != "" {
		t.Errorf("assembled by x/net (-want +got):\n%s", diff)
	}
}

// The constants are those of x/net, where it has them; the values are the kernel's in either case.
func TestExtensionNumbers(t *testing.T) {
	want := map[classic.Extension]bpf.Extension{
		classic.ExtProtocol:       bpf.ExtProto,
		classic.ExtPktType:        bpf.ExtType,
		classic.ExtIfindex:        bpf.ExtInterfaceIndex,
		classic.ExtNlattr:         bpf.ExtNetlinkAttr,
		classic.ExtNlattrNest:     bpf.ExtNetlinkAttrNested,
		classic.ExtMark:           bpf.ExtMark,
		classic.ExtQueue:          bpf.ExtQueue,
		classic.ExtHatype:         bpf.ExtLinkLayerType,
		classic.ExtRxhash:         bpf.ExtRXHash,
		classic.ExtCPU:            bpf.ExtCPUID,
		classic.ExtVLANTag:        bpf.ExtVLANTag,
		classic.ExtVLANTagPresent: bpf.ExtVLANTagPresent,
		classic.ExtPayOffset:      bpf.ExtPayloadOffset,
		classic.ExtRandom:         bpf.ExtRand,
		classic.ExtVLANTPID:       bpf.ExtVLANProto,
	}
	for ours, theirs := range want {
		if uint32(ours) != uint32(theirs) {
			t.Errorf("%v is %d, x/net has %d", ours, ours, theirs)
		}
	}
	if got := classic.Extension(5).String(); got != "Extension(5)" {
		t.Errorf("an unknown extension prints %q", got)
	}
}
