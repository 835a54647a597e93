using Grapnel.Server.Api;
using Grapnel.Server.Console;

namespace Grapnel.Server.Auth;

/// <summary>Makes the links that open a portal.</summary>
internal sealed class PortalLinks(Tokens tokens, ApiOptions api)
{
    /// <summary>Issues a token for an application, with the address that opens its portal.</summary>
    /// <param name="application">The application.</param>
    /// <param name="grant">What the holder may do, and how long.</param>
    /// <param name="reachedAt">The address that this server was asked at; counts when no public one is set.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<PortalLink> MakeAsync(Id<Application> application, TokenGrant grant, string reachedAt, CancellationToken cancellationToken)
    {
        var token = await tokens.IssueAsync(application, grant, cancellationToken);
        // Behind '#' it is not sent along when the address is opened: no log on the way has it, and no referrer.
        return new PortalLink($"{(api.PublicUrl ?? reachedAt).TrimEnd('/')}{ConsolePaths.Portal}#key={token}", token);
    }
}

/// <summary>A link that opens a portal. Whoever has it may do what its token allows.</summary>
/// <param name="Url">The address.</param>
/// <param name="Token">The token, which is in the address as well.</param>
internal sealed record PortalLink(string Url, string Token)
{
    public override string ToString() => nameof(PortalLink);
}
