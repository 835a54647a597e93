using Grapnel.Server.Api;
using Grapnel.Server.Auth;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace Grapnel.Server.Console;

/// <summary>Portals: pages for one application's own people, opened by a signed link that expires. No account, no sign-in.</summary>
internal sealed class PortalSession(Tokens tokens, OwnApplication applications, ApiOptions api, TimeProvider time)
{
    /// <summary>The cookie that holds the key while the portal is open.</summary>
    public const string Cookie = "grapnel-portal";

    /// <summary>How often an open page looks whether its key still holds, at least.</summary>
    public static readonly TimeSpan CheckedEvery = TimeSpan.FromSeconds(30);

    // A token with many feature flags is longer than a browser lets one cookie be.
    private static readonly ChunkingCookieManager Cookies = new();

    /// <summary>The key that came with a request, or null.</summary>
    public static string? KeyOf(HttpContext http) => Cookies.GetRequestCookie(http, Cookie);

    /// <summary>Lets the holder of a key look at its application; false when the key does not hold.</summary>
    public async Task<bool> OpenAsync(Viewer viewer, string key, CancellationToken cancellationToken)
    {
        if (await FindAsync(key, cancellationToken) is not { } token || await applications.FindAsync(Caller.Of(token), cancellationToken) is not { } own)
            return false;
        viewer.Set(token, own);
        return true;
    }

    /// <summary>The token of a key; null when it does not hold, was revoked, or its application is gone.</summary>
    public async Task<Token?> FindStandingAsync(string? key, CancellationToken cancellationToken) =>
        await FindAsync(key, cancellationToken) is { } token && await HoldsAsync(token, cancellationToken) ? token : null;

    /// <summary>Looks again whether the viewer's key holds; ends the portal when it does not. True while the portal is open.</summary>
    public async Task<bool> CheckAsync(Viewer viewer, CancellationToken cancellationToken)
    {
        if (!viewer.HasEnded && !await HoldsAsync(viewer.Portal!, cancellationToken))
            viewer.End();
        return !viewer.HasEnded;
    }

    /// <summary>How long to wait until it makes sense to look again.</summary>
    public TimeSpan UntilNextCheck(Token token)
    {
        var left = token.ExpiresAt is { } end ? end - time.GetUtcNow() : CheckedEvery;
        return left < TimeSpan.Zero ? TimeSpan.Zero : left < CheckedEvery ? left : CheckedEvery;
    }

    /// <summary>
    /// Keeps a key in the browser for as long as it holds. Within an iframe of another site browsers send only cookies that are marked for it, and
    /// take those only over TLS; each embedding site gets a jar of its own.
    /// </summary>
    public void Keep(HttpContext http, string key, Token token)
    {
        // Behind a proxy that speaks TLS to the outside the request itself looks plain; the public address tells.
        var secure = http.Request.IsHttps || api.PublicUrl?.StartsWith("https:", StringComparison.OrdinalIgnoreCase) == true;
        var options = new CookieOptions
        {
            HttpOnly = true, Secure = secure, SameSite = secure ? SameSiteMode.None : SameSiteMode.Lax, Expires = token.ExpiresAt, IsEssential = true, Path = "/",
        };
        if (secure)
            options.Extensions.Add("Partitioned");
        Cookies.AppendResponseCookie(http, Cookie, key, options);
    }

    private async ValueTask<Token?> FindAsync(string? key, CancellationToken cancellationToken) =>
        key is { Length: > 0 } && Tokens.LooksLikeOne(key) && await tokens.FindAsync(key, cancellationToken) is { Application: not null } token ? token : null;

    private async ValueTask<bool> HoldsAsync(Token token, CancellationToken cancellationToken) =>
        token.HoldsAt(time.GetUtcNow()) && await applications.FindAsync(Caller.Of(token), cancellationToken) is not null;
}
