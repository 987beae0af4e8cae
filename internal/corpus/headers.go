package corpus

// Ethernet: offsets and sizes in bytes, as everywhere here.
const (
	ethDestination = 0
	ethSource      = 6
	ethProtocol    = 12
	ethHeaderLen   = 14

	ethGroupBit = 0x01   // of the first byte of an address
	ethPTEB     = 0x6558 // ETH_P_TEB: Ethernet inside GRE
)

// IPv4, RFC 791.
const (
	ipv4VersionIHL  = 0
	ipv4TOS         = 1
	ipv4Fragment    = 6
	ipv4Protocol    = 9
	ipv4Check       = 10
	ipv4Source      = 12
	ipv4Destination = 16
	ipv4HeaderLen   = 20

	ipv4IHLMask        = 0x0f
	ipv4WordShift      = 2    // IHL counts words of 4 bytes
	ipv4WithoutOptions = 0x45 // version 4, 5 words
	ipv4FragmentOffset = 0x1fff
	ipv4MoreOrOffset   = 0x3fff
)

// IPv6, RFC 8200.
const (
	ipv6NextHeader = 6
	ipv6Source     = 8
	ipv6HeaderLen  = 40

	ipv6HopByHop           = 0
	ipv6Routing            = 43
	ipv6Fragment           = 44
	ipv6Authentication     = 51
	ipv6DestinationOptions = 60

	extensionNext    = 0
	extensionLength  = 1
	extensionType    = 2 // of a routing header
	extensionNeeds   = 3
	extensionShift   = 3 // lengths are in units of 8 bytes, and do not count the first
	fragmentOffset   = 2
	fragmentLen      = 8
	fragmentNotFirst = 0xfff8
	authShift        = 2 // lengths are in units of 4 bytes, and do not count the first two
)

// The differentiated services field, RFC 2474: six bits above the two of ECN.
const (
	dscpShift     = 2
	ipv6DSCPShift = 6 // of the first two bytes of the header
	dscpMask      = 0x3f
)

// TCP, RFC 9293, and UDP, RFC 768.
const (
	sourcePort      = 0 // in both
	destinationPort = 2
	portsLen        = 4

	tcpFlags     = 13
	tcpCheck     = 16
	tcpHeaderLen = 20

	tcpFIN = 0x01
	tcpSYN = 0x02
	tcpRST = 0x04
	tcpACK = 0x10

	udpCheck     = 6
	udpHeaderLen = 8
)

// DNS, RFC 1035.
const (
	dnsPort      = 53
	dnsFlags     = 2
	dnsQuestions = 4
	dnsHeaderLen = 12

	dnsResponse = 0x80
	dnsMaxName  = 64
)

// VXLAN, RFC 7348, and GRE, RFC 2784.
const (
	vxlanPort      = 4789
	vxlanFlags     = 0
	vxlanVNI       = 4 // in the upper 24 bits of 32
	vxlanHeaderLen = 8
	vxlanI         = 0x08 // the VNI is valid
	vniShift       = 8

	ipProtoGRE   = 47
	greFlags     = 0
	greProtocol  = 2
	greHeaderLen = 4
)
