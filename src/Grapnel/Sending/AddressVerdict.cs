namespace Grapnel.Sending;

/// <summary>What the address guard makes of an address: allowed, or the reason why not. For operators' logs, never for tenants.</summary>
internal enum AddressVerdict
{
    /// <summary>A public unicast address, or one in a network that the operator opened.</summary>
    Allowed,

    /// <summary>This very host (RFC 1122, RFC 4291).</summary>
    Loopback,

    /// <summary>"This network" or the unspecified address, which many systems take for this very host (RFC 1122, RFC 4291).</summary>
    Unspecified,

    /// <summary>A private network (RFC 1918), unique local (RFC 4193) or site local (RFC 3879).</summary>
    Private,

    /// <summary>The local link (RFC 3927, RFC 4291).</summary>
    LinkLocal,

    /// <summary>Where cloud providers answer their guests' questions, credentials included.</summary>
    Metadata,

    /// <summary>Shared space behind carrier-grade NAT (RFC 6598).</summary>
    CarrierGradeNat,

    /// <summary>For examples in documents (RFC 5737, RFC 3849, RFC 9637).</summary>
    Documentation,

    /// <summary>For benchmarks (RFC 2544, RFC 5180).</summary>
    Benchmarking,

    /// <summary>More than one receiver (RFC 1112, RFC 4291).</summary>
    Multicast,

    /// <summary>IPv6 that carries an IPv4 address through a translator or tunnel, like NAT64, 6to4 and Teredo. Refused wholesale.</summary>
    EmbeddedIPv4,

    /// <summary>This installation itself, its database or its queue.</summary>
    Own,

    /// <summary>Anything else that IANA keeps for a special purpose or has not given out.</summary>
    Reserved,
}
