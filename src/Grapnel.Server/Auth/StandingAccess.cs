using Grapnel.Registry;

namespace Grapnel.Server.Auth;

/// <summary>
/// Asks once more whether the caller of a request is let in. The gate asked when the request came; one that stays open may outlive a key, a token or
/// an application.
/// </summary>
internal sealed class StandingAccess(ApiKeyRegistry keys, Tokens tokens, OwnApplication applications)
{
    /// <summary>Whether the same request would still get past the gate.</summary>
    public async ValueTask<bool> HoldsAsync(HttpContext http, CancellationToken cancellationToken) =>
        await IsKnownAsync(http, cancellationToken)
        && (http.Caller().Application is null || await applications.FindAsync(http.Caller(), cancellationToken) is not null);

    private async ValueTask<bool> IsKnownAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var presented = ApiKeyGate.Presented(http.Request.Headers.Authorization.ToString()).ToString();
        return http.Caller().Token is null
            ? await keys.FindAsync(presented, cancellationToken) is not null
            : await tokens.FindAsync(presented, cancellationToken) is not null;
    }
}
