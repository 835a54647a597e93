using System.Net;
using System.Net.Sockets;
using Grapnel.Sending;
using Grapnel.Server.Api;

namespace Grapnel.Server.Inboxes;

/// <summary>The URLs of test inboxes, and whether this server may send webhooks there.</summary>
internal sealed class InboxAddress(ApiOptions options, AddressGuard guard)
{
    /// <summary>Where inboxes are, below the address of the server.</summary>
    public const string Path = "/inbox/";

    private const string Loopback = "127.0.0.0/8";

    /// <summary>The URL of an inbox.</summary>
    /// <param name="id">The inbox.</param>
    /// <param name="here">The address that the caller reaches this server at; what counts where <see cref="ApiOptions.PublicUrl"/> is not set.</param>
    public string UrlOf(Id<Inbox> id, Uri here) => (options.PublicUrl?.TrimEnd('/') ?? Plain(here)) + Path + id;

    /// <exception cref="InvalidInputException">Webhooks may not go to the URL; says which setting would let them.</exception>
    public async Task CheckAsync(string url, CancellationToken cancellationToken)
    {
        var fault = await guard.CheckUrlAsync(url, cancellationToken);
        if (fault == AddressGuard.Refusal)
            throw new InvalidInputException("url", await ExplainAsync(new Uri(url), cancellationToken));
        if (fault is not null)
            throw new InvalidInputException("url", $"{fault} Set Api:PublicUrl to an address of this server that will do, and start it again.");
    }

    // "localhost" has an IPv6 address too on most systems, where a server on 127.0.0.1 does not listen.
    private static string Plain(Uri here) =>
        new UriBuilder(here.Scheme, here.Host == "localhost" ? "127.0.0.1" : here.Host, here.Port).Uri.GetLeftPart(UriPartial.Authority);

    private async Task<string> ExplainAsync(Uri url, CancellationToken cancellationToken)
    {
        var addresses = await guard.ResolveAsync(url.IdnHost, cancellationToken);
        var networks = addresses.Where(address => guard.Judge(address) != AddressVerdict.Allowed).Select(NetworkOf).Distinct().ToList();
        return $"This server may not send webhooks to its own address, {url.GetLeftPart(UriPartial.Authority)}. Start it with " +
            $"{string.Join(' ', networks.Select(network => $"--allow-net {network}"))}, or add {string.Join(',', networks)} to the setting Network:AllowNet.";
    }

    private static string NetworkOf(IPAddress address)
    {
        var plain = AddressRanges.Unmap(address);
        var isVersion4 = plain.AddressFamily == AddressFamily.InterNetwork;
        if (isVersion4 && IPAddress.IsLoopback(plain))
            return Loopback;
        // Without the scope that a link-local address may carry, which a network has not.
        return $"{new IPAddress(plain.GetAddressBytes())}/{(isVersion4 ? 32 : 128)}";
    }
}
