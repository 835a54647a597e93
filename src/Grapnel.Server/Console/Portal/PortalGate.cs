using System.Security.Claims;
using Grapnel.Server.Auth;

namespace Grapnel.Server.Console.Portal;

/// <summary>
/// Parts the portal from the console. Below <c>/portal</c> only the portal's key counts, whoever else is signed in to this browser; everywhere else it
/// counts for nothing. The connection that pages live on serves both, and lets in whoever could have got a page: what a page on it shows was decided
/// when the page was made (see <see cref="Routes.PortalKey"/>).
/// </summary>
internal sealed class PortalGate(RequestDelegate next, PortalSession portal)
{
    /// <summary>Where the connections of pages come in.</summary>
    public const string Connection = "/_blazor";

    private const string Scheme = "portal";
    private static readonly ClaimsPrincipal Nobody = new(new ClaimsIdentity());

    public async Task InvokeAsync(HttpContext http)
    {
        var path = http.Request.Path;
        if (path.StartsWithSegments(ConsolePaths.Portal, out var rest))
            await PassPortalAsync(http, isDoor: rest.Value is null or "" or "/" || path == PortalDoor.Path);
        else if (path.StartsWithSegments(Connection) && http.User.Identity?.IsAuthenticated != true && await FindAsync(http) is null)
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
        else
            await next(http);
    }

    private async Task PassPortalAsync(HttpContext http, bool isDoor)
    {
        http.User = Nobody;
        if (!isDoor && await FindAsync(http) is { } token)
            http.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, token.Id)], Scheme));
        else if (!isDoor)
        {
            http.Response.Redirect(ConsolePaths.Portal);
            return;
        }
        await next(http);
    }

    private Task<Token?> FindAsync(HttpContext http) => portal.FindStandingAsync(PortalSession.KeyOf(http), http.RequestAborted);
}
