using System.Net;
using System.Net.Sockets;

namespace Grapnel.Sending;

/// <summary>
/// Which addresses are not for the public Internet: the union of the IANA special-purpose registries (RFC 6890 and its updates)
/// and the metadata services of the large clouds. The first range that holds an address names the reason.
/// </summary>
internal static class AddressRanges
{
    private static readonly (IPNetwork Network, AddressVerdict Verdict)[] Denied4 =
    [
        Range("100.100.100.200/32", AddressVerdict.Metadata),
        Range("168.63.129.16/32", AddressVerdict.Metadata),
        Range("169.254.169.254/32", AddressVerdict.Metadata),
        Range("169.254.170.2/32", AddressVerdict.Metadata),
        Range("192.0.0.192/32", AddressVerdict.Metadata),
        Range("0.0.0.0/8", AddressVerdict.Unspecified),
        Range("10.0.0.0/8", AddressVerdict.Private),
        Range("100.64.0.0/10", AddressVerdict.CarrierGradeNat),
        Range("127.0.0.0/8", AddressVerdict.Loopback),
        Range("169.254.0.0/16", AddressVerdict.LinkLocal),
        Range("172.16.0.0/12", AddressVerdict.Private),
        Range("192.0.0.0/24", AddressVerdict.Reserved),
        Range("192.0.2.0/24", AddressVerdict.Documentation),
        Range("192.31.196.0/24", AddressVerdict.Reserved),
        Range("192.52.193.0/24", AddressVerdict.Reserved),
        Range("192.88.99.0/24", AddressVerdict.EmbeddedIPv4),
        Range("192.168.0.0/16", AddressVerdict.Private),
        Range("192.175.48.0/24", AddressVerdict.Reserved),
        Range("198.18.0.0/15", AddressVerdict.Benchmarking),
        Range("198.51.100.0/24", AddressVerdict.Documentation),
        Range("203.0.113.0/24", AddressVerdict.Documentation),
        Range("224.0.0.0/4", AddressVerdict.Multicast),
        Range("240.0.0.0/4", AddressVerdict.Reserved),
    ];

    private static readonly (IPNetwork Network, AddressVerdict Verdict)[] Denied6 =
    [
        Range("::/128", AddressVerdict.Unspecified),
        Range("::1/128", AddressVerdict.Loopback),
        Range("::/96", AddressVerdict.EmbeddedIPv4),
        Range("::ffff:0:0:0/96", AddressVerdict.EmbeddedIPv4),
        Range("64:ff9b::/96", AddressVerdict.EmbeddedIPv4),
        Range("64:ff9b:1::/48", AddressVerdict.EmbeddedIPv4),
        Range("2001::/32", AddressVerdict.EmbeddedIPv4),
        Range("2001:2::/48", AddressVerdict.Benchmarking),
        Range("2001::/23", AddressVerdict.Reserved),
        Range("2001:db8::/32", AddressVerdict.Documentation),
        Range("2002::/16", AddressVerdict.EmbeddedIPv4),
        Range("2620:4f:8000::/48", AddressVerdict.Reserved),
        Range("3fff::/20", AddressVerdict.Documentation),
        Range("fd00:ec2::254/128", AddressVerdict.Metadata),
        Range("fd20:ce::254/128", AddressVerdict.Metadata),
        Range("fc00::/7", AddressVerdict.Private),
        Range("fec0::/10", AddressVerdict.Private),
        Range("fe80::/10", AddressVerdict.LinkLocal),
        Range("ff00::/8", AddressVerdict.Multicast),
    ];

    private static readonly IPNetwork GlobalUnicast6 = IPNetwork.Parse("2000::/3");

    /// <summary>Names the first denied range that holds the address. An IPv4 address mapped into IPv6 is judged as IPv4.</summary>
    public static AddressVerdict Classify(IPAddress address)
    {
        address = Unmap(address);
        var isIPv6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        foreach (var (network, verdict) in isIPv6 ? Denied6 : Denied4)
            if (network.Contains(address))
                return verdict;
        // Of IPv6, IANA has given out only an eighth: whatever lies outside is refused without having a name.
        return !isIPv6 || GlobalUnicast6.Contains(address) ? AddressVerdict.Allowed : AddressVerdict.Reserved;
    }

    /// <summary>The IPv4 address in <c>::ffff:a.b.c.d</c>; any other address as it is.</summary>
    public static IPAddress Unmap(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static (IPNetwork, AddressVerdict) Range(string network, AddressVerdict verdict) => (IPNetwork.Parse(network), verdict);
}
