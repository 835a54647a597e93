using System.Net;

namespace Grapnel.Server.Hosting;

/// <summary>Reverse proxies in front of this server. Section <c>Proxy</c>.</summary>
internal sealed class ProxyOptions
{
    /// <summary>
    /// Networks whose <c>X-Forwarded-For</c>, <c>X-Forwarded-Proto</c> and <c>X-Forwarded-Host</c> are believed. Whoever connects from there can say
    /// what address, scheme and host a request came by. Default none: the headers are passed over, whoever sends them.
    /// </summary>
    public IList<IPNetwork> TrustedNetworks { get; set; } = [];
}
