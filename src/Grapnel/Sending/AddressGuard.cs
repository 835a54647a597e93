using System.Net;
using System.Net.Sockets;

namespace Grapnel.Sending;

/// <summary>Resolves a host name to its addresses; throws <see cref="SocketException"/> when it has none.</summary>
internal delegate Task<IPAddress[]> ResolveName(string host, CancellationToken cancellationToken);

/// <summary>
/// Keeps requests away from loopback, private and otherwise reserved addresses, except in the networks that the operator opened.
/// Asked at registration (<see cref="CheckUrlAsync"/>) and again, for the very addresses connected to, by <see cref="GuardedConnect"/>.
/// </summary>
internal sealed class AddressGuard
{
    /// <summary>The same words for every refused target, so that they answer no question about the inside of a network.</summary>
    public const string Refusal = "The URL leads to an address that webhooks may not be sent to.";

    /// <summary>The limit for resolving a name.</summary>
    public static readonly TimeSpan ResolveTimeout = TimeSpan.FromSeconds(5);

    private readonly IPNetwork[] _opened;
    private readonly bool _httpsOnly;
    private readonly TimeProvider _time;
    private readonly ResolveName _resolve;
    private readonly OwnPlaces? _own;

    /// <summary>A guard with the operator's exceptions and demands.</summary>
    /// <param name="options">The networks that are open although they are reserved, and whether URLs must be https.</param>
    /// <param name="time">Bounds the resolving of names.</param>
    /// <param name="resolve">How names are resolved; by default as the system does.</param>
    /// <param name="own">What is this installation's own; null for nothing.</param>
    public AddressGuard(NetworkOptions options, TimeProvider time, ResolveName? resolve = null, OwnPlaces? own = null)
    {
        _own = own;
        _opened = [.. options.AllowNet];
        _httpsOnly = options.HttpsOnly;
        _time = time;
        _resolve = resolve ?? Dns.GetHostAddressesAsync;
    }

    /// <summary>Judges one address. An IPv4 address mapped into IPv6 is judged as IPv4.</summary>
    public AddressVerdict Judge(IPAddress address)
    {
        var verdict = AddressRanges.Classify(address);
        return verdict == AddressVerdict.Allowed || IsOpened(AddressRanges.Unmap(address)) ? AddressVerdict.Allowed : verdict;
    }

    /// <summary>
    /// Checks an endpoint's URL for registration: its form, and every address that its host has just now. A name that does not resolve
    /// (yet) is accepted, because the check at connect follows.
    /// </summary>
    /// <returns>What is wrong, in a sentence for the caller, or null.</returns>
    public async Task<string?> CheckUrlAsync(string? url, CancellationToken cancellationToken)
    {
        if (!EndpointUrl.TryParse(url, out var uri, out var error))
            return error;
        if (_httpsOnly && uri.Scheme != Uri.UriSchemeHttps)
            return "An https URL is needed: this server sends to no other.";
        try
        {
            var addresses = await ResolveAsync(uri.IdnHost, cancellationToken);
            return addresses.Any(a => Judge(a) != AddressVerdict.Allowed) || await IsOwnAsync(addresses, uri.Port, cancellationToken) ? Refusal : null;
        }
        catch (Exception failure) when (failure is SocketException or TimeoutException)
        {
            return null;
        }
    }

    /// <summary>The addresses of a host, which may be a literal address in any form.</summary>
    /// <exception cref="SocketException">The name does not resolve.</exception>
    /// <exception cref="TimeoutException">It did not resolve within <see cref="ResolveTimeout"/>.</exception>
    public async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        // "127.0.0.1." is a name to the URL parser and an address to many resolvers.
        if (IPAddress.TryParse(host.TrimEnd('.'), out var literal))
            return [literal];
        var addresses = await _resolve(host, cancellationToken).WaitAsync(ResolveTimeout, _time, cancellationToken);
        return addresses.Length > 0 ? addresses : throw new SocketException((int)SocketError.HostNotFound);
    }

    /// <summary>Whether one of these addresses is, at this port, a place of this installation itself.</summary>
    public async ValueTask<bool> IsOwnAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        if (_own is not null)
            foreach (var address in addresses)
                if (await _own.IncludeAsync(address, port, _resolve, cancellationToken))
                    return true;
        return false;
    }

    private bool IsOpened(IPAddress address) => Array.Exists(_opened, network => network.Contains(address));
}
