using System.Net;

namespace Grapnel.Sending;

/// <summary>
/// The operator's proxy for everything that leaves (<see cref="NetworkOptions.Proxy"/>), and what goes past it. Behind it the proxy resolves names and decides
/// where they may lead; addresses that are written out are still judged here, for they go past it, to the guard.
/// </summary>
internal sealed class EgressProxy : IWebProxy
{
    private readonly Uri _proxy;
    private readonly AddressGuard _guard;
    private readonly IPNetwork[] _networks;
    private readonly string[] _names;

    private EgressProxy(Uri proxy, IList<string> except, AddressGuard guard)
    {
        _proxy = proxy;
        _guard = guard;
        _networks = [.. except.Select(NetworkOf).OfType<IPNetwork>()];
        _names = [.. except.Where(entry => NetworkOf(entry) is null).Select(entry => entry.TrimStart('*').TrimStart('.'))];
        if (proxy.UserInfo.Split(':', 2) is [{ Length: > 0 } user, ..] parts)
            Credentials = new NetworkCredential(Uri.UnescapeDataString(user), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "");
    }

    /// <summary>The proxy of the options, or null when there is none.</summary>
    public static EgressProxy? Of(NetworkOptions options, AddressGuard guard) =>
        TryParse(options.Proxy, out var proxy) ? new EgressProxy(proxy!, options.NoProxy, guard) : null;

    /// <summary>
    /// Reads the address of a proxy: <c>http</c>, <c>socks4a</c> or <c>socks5</c>, with a host, a port where the scheme has none, and a name and password if it wants
    /// them. Not <c>https</c>: the platform would hold the TLS with the proxy to what an endpoint says of the TLS with its receiver.
    /// </summary>
    public static bool TryParse(string? text, out Uri? proxy) =>
        Uri.TryCreate(text, UriKind.Absolute, out proxy)
        && proxy is { Scheme: "http" or "socks4a" or "socks5", Host.Length: > 0, Port: > 0, PathAndQuery: "/" or "", Fragment: "" };

    /// <inheritdoc/>
    public ICredentials? Credentials { get; set; }

    /// <inheritdoc/>
    public Uri GetProxy(Uri destination) => _proxy;

    /// <inheritdoc/>
    public bool IsBypassed(Uri host) => IPAddress.TryParse(host.IdnHost.TrimEnd('.'), out var literal)
        ? Array.Exists(_networks, network => network.Contains(AddressRanges.Unmap(literal))) || _guard.Judge(literal) != AddressVerdict.Allowed
        : Array.Exists(_names, name => Covers(name, host.IdnHost));

    /// <summary>Whether a connection that the handler opens is the one to the proxy itself.</summary>
    public bool IsConnectionToProxy(HttpRequestMessage request) => request.Method == HttpMethod.Connect || !IsBypassed(request.RequestUri!);

    private static bool Covers(string name, string host) =>
        host.EndsWith(name, StringComparison.OrdinalIgnoreCase) && (host.Length == name.Length || host[host.Length - name.Length - 1] == '.');

    private static IPNetwork? NetworkOf(string entry) =>
        IPNetwork.TryParse(entry, out var network) ? network : IPAddress.TryParse(entry, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8) : null;
}
