using Grapnel.Server.Auth;

namespace Grapnel.Server.Console;

/// <summary>Portals: pages for one application's own people, opened by a signed link that expires. No account, no sign-in.</summary>
internal sealed class PortalSession(Tokens tokens, OwnApplication applications)
{
    /// <summary>The cookie that holds the key while the portal is open.</summary>
    public const string Cookie = "grapnel-portal";

    /// <summary>The key that came with a request, or null.</summary>
    public static string? KeyOf(HttpContext http) => http.Request.Cookies[Cookie];

    /// <summary>Lets the holder of a key look at its application; false when the key does not hold.</summary>
    public async Task<bool> OpenAsync(Viewer viewer, string key, CancellationToken cancellationToken)
    {
        if (key.Length == 0 || await tokens.FindAsync(key, cancellationToken) is not { Application: not null } token)
            return false;
        if (await applications.FindAsync(Caller.Of(token), cancellationToken) is not { } own)
            return false;
        viewer.Set(token, own);
        return true;
    }
}
