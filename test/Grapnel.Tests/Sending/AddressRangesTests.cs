using System.Net;
using System.Numerics;
using CsCheck;
using Grapnel.Sending;
using Microsoft.Security.AntiSSRF;

namespace Grapnel.Tests.Sending;

public sealed class AddressRangesTests
{
    /// <summary>Denied networks, written down apart from the code; <c>true</c> where the address before, after, or both are public.</summary>
    public static TheoryData<string, bool, bool> Denied => new()
    {
        { "0.0.0.0/8", false, true }, { "10.0.0.0/8", true, true }, { "100.64.0.0/10", true, true }, { "127.0.0.0/8", true, true },
        { "169.254.0.0/16", true, true }, { "172.16.0.0/12", true, true }, { "192.0.0.0/24", true, true }, { "192.0.2.0/24", true, true },
        { "192.31.196.0/24", true, true }, { "192.52.193.0/24", true, true }, { "192.88.99.0/24", true, true },
        { "192.168.0.0/16", true, true }, { "192.175.48.0/24", true, true }, { "198.18.0.0/15", true, true },
        { "198.51.100.0/24", true, true }, { "203.0.113.0/24", true, true }, { "224.0.0.0/4", true, false }, { "240.0.0.0/4", false, false },
        { "255.255.255.255/32", false, false }, { "168.63.129.16/32", true, true },
        { "::/128", false, false }, { "::1/128", false, false }, { "::/96", false, false }, { "::ffff:0:0:0/96", false, false },
        { "64:ff9b::/96", false, false }, { "64:ff9b:1::/48", false, false }, { "100::/64", false, false }, { "5f00::/16", false, false },
        { "2001::/23", true, true }, { "2001::/32", true, false }, { "2001:2::/48", false, false }, { "2001:10::/28", false, false },
        { "2001:20::/28", false, false }, { "2001:db8::/32", true, true }, { "2002::/16", true, true }, { "2620:4f:8000::/48", true, true },
        { "3fff::/20", true, true }, { "4000::/3", true, false }, { "fc00::/7", false, false }, { "fe80::/10", false, false },
        { "fec0::/10", false, false }, { "ff00::/8", false, false },
    };

    [Theory]
    [MemberData(nameof(Denied))]
    public void A_reserved_range_is_denied_from_end_to_end_and_not_beyond(string range, bool publicBefore, bool publicAfter)
    {
        var network = IPNetwork.Parse(range);
        var (first, last) = Ends(network);

        IsDenied(first).ShouldBeTrue();
        IsDenied(last).ShouldBeTrue();
        if (first != 0)
            IsDenied(first - 1).ShouldBe(!publicBefore);
        if (last != Highest(network))
            IsDenied(last + 1).ShouldBe(!publicAfter);

        bool IsDenied(BigInteger value) => AddressRanges.Classify(ToAddress(value, network)) != AddressVerdict.Allowed;
    }

    [Fact]
    public void Every_address_within_a_reserved_range_is_denied() => Check.Sample(
        OneOf([.. Denied.Select(row => IPNetwork.Parse(row.Data.Item1))]).SelectMany(Within),
        address => AddressRanges.Classify(address) != AddressVerdict.Allowed);

    [Fact]
    public void An_IPv4_address_is_judged_the_same_when_it_is_mapped_into_IPv6() => Check.Sample(
        Gen.UInt.Select(bits => new IPAddress(BitConverter.GetBytes(bits))),
        address => AddressRanges.Classify(address.MapToIPv6()) == AddressRanges.Classify(address));

    [Fact]
    public void IPv4_embedded_in_IPv6_is_refused_whatever_it_embeds() => Check.Sample(
        Gen.Select(Gen.UInt, OneOf("64:ff9b::", "64:ff9b:1::", "::", "::ffff:0:0:0")),
        (bits, prefix) => AddressRanges.Classify(Embed(prefix, bits)) != AddressVerdict.Allowed);

    [Theory]
    [InlineData("127.0.0.1", "Loopback"), InlineData("::1", "Loopback"), InlineData("::ffff:127.0.0.1", "Loopback"), InlineData("0.0.0.0", "Unspecified")]
    [InlineData("10.1.2.3", "Private"), InlineData("fd12::1", "Private"), InlineData("169.254.1.1", "LinkLocal"), InlineData("fe80::1%3", "LinkLocal")]
    [InlineData("169.254.169.254", "Metadata"), InlineData("::ffff:169.254.169.254", "Metadata"), InlineData("fd00:ec2::254", "Metadata")]
    [InlineData("168.63.129.16", "Metadata"), InlineData("100.100.100.200", "Metadata"), InlineData("192.0.0.192", "Metadata")]
    [InlineData("100.64.0.1", "CarrierGradeNat"), InlineData("192.0.2.1", "Documentation"), InlineData("198.19.0.1", "Benchmarking")]
    [InlineData("224.0.0.1", "Multicast"), InlineData("255.255.255.255", "Reserved"), InlineData("2002:7f00:1::", "EmbeddedIPv4")]
    [InlineData("64:ff9b::7f00:1", "EmbeddedIPv4"), InlineData("2001::1", "EmbeddedIPv4"), InlineData("::127.0.0.1", "EmbeddedIPv4")]
    [InlineData("100::1", "Reserved"), InlineData("5f00::1", "Reserved"), InlineData("8.8.8.8", "Allowed"), InlineData("2606:4700::1111", "Allowed")]
    public void A_verdict_names_its_reason(string address, string verdict) =>
        AddressRanges.Classify(IPAddress.Parse(address)).ToString().ShouldBe(verdict);

    [Fact]
    public void Everything_that_Microsoft_AntiSSRF_denies_is_denied()
    {
        var oracle = new AntiSSRFPolicy(PolicyConfigOptions.ExternalOnlyLatest).DeniedAddresses.Select(IPNetwork.Parse).ToArray();
        oracle.Length.ShouldBeGreaterThan(30);

        foreach (var network in oracle)
        {
            var (first, last) = Ends(network);
            AddressRanges.Classify(ToAddress(first, network)).ShouldNotBe(AddressVerdict.Allowed, network.ToString());
            AddressRanges.Classify(ToAddress(last, network)).ShouldNotBe(AddressVerdict.Allowed, network.ToString());
        }
        Check.Sample(OneOf(oracle).SelectMany(Within), a => AddressRanges.Classify(a) != AddressVerdict.Allowed);
        Check.Sample(AnyAddress, a => AddressRanges.Classify(a) != AddressVerdict.Allowed || !oracle.Any(n => n.Contains(a)));
    }

    [Fact]
    public void What_Microsoft_AntiSSRF_lets_pass_is_denied_only_outside_the_IPv6_that_was_given_out()
    {
        var oracle = new AntiSSRFPolicy(PolicyConfigOptions.ExternalOnlyLatest).DeniedAddresses.Select(IPNetwork.Parse).ToArray();
        var globalUnicast = IPNetwork.Parse("2000::/3");
        Check.Sample(AnyAddress, a =>
            oracle.Any(n => n.Contains(a))
            || AddressRanges.Classify(a) == AddressVerdict.Allowed
            || (a.GetAddressBytes().Length == 16 && !globalUnicast.Contains(a)));
    }

    private static readonly Gen<IPAddress> AnyAddress = Gen.Frequency(
        (1, Gen.Byte.Array[4].Select(bytes => new IPAddress(bytes))),
        (1, Gen.Byte.Array[16].Select(bytes => new IPAddress(bytes))),
        (1, Gen.Byte.Array[15].Select(tail => new IPAddress([0x20, .. tail]))));

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static Gen<IPAddress> Within(IPNetwork network)
    {
        var (first, last) = Ends(network);
        return Gen.Double[0, 1].Select(d => ToAddress(first + (last - first) * (BigInteger)(d * (1L << 52)) / (1L << 52), network));
    }

    private static BigInteger Highest(IPNetwork family) => (BigInteger.One << family.BaseAddress.GetAddressBytes().Length * 8) - 1;

    private static (BigInteger First, BigInteger Last) Ends(IPNetwork network)
    {
        var bytes = network.BaseAddress.GetAddressBytes();
        var first = new BigInteger(bytes, isUnsigned: true, isBigEndian: true);
        return (first, first + (BigInteger.One << bytes.Length * 8 - network.PrefixLength) - 1);
    }

    private static IPAddress ToAddress(BigInteger value, IPNetwork family)
    {
        var bytes = new byte[family.BaseAddress.GetAddressBytes().Length];
        var digits = value.ToByteArray(isUnsigned: true, isBigEndian: true);
        digits.CopyTo(bytes.AsSpan(bytes.Length - digits.Length));
        return new IPAddress(bytes);
    }

    private static IPAddress Embed(string prefix, uint bits)
    {
        var bytes = IPAddress.Parse(prefix).GetAddressBytes();
        BitConverter.GetBytes(bits).CopyTo(bytes, 12);
        return new IPAddress(bytes);
    }
}
