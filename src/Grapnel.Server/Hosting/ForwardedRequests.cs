using Microsoft.AspNetCore.HttpOverrides;

namespace Grapnel.Server.Hosting;

/// <summary>Sees a request that came through a proxy as it was before the proxy: client address, scheme and host.</summary>
internal static class ForwardedRequests
{
    /// <summary>Goes in front of everything that looks at a request. Without trusted networks nothing is added, and nothing is spent.</summary>
    public static void UseForwardedRequests(this WebApplication app)
    {
        var trusted = app.Services.GetRequiredService<ProxyOptions>().TrustedNetworks;
        // The platform takes an empty list for "believe everybody".
        if (trusted.Count == 0)
            return;
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost,
            // Proxies may stand in a row; what ends the row is the first address that is not trusted.
            ForwardLimit = null,
        };
        options.KnownIPNetworks.Clear();
        options.KnownProxies.Clear();
        foreach (var network in trusted)
            options.KnownIPNetworks.Add(network);
        app.UseForwardedHeaders(options);
    }
}
