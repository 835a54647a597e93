using System.Text.Json;
using Grapnel.Server.Api;
using Grapnel.Server.Auth;

namespace Grapnel.Server.Console.Portal;

/// <summary>
/// Takes the key of a portal's link and keeps it in a cookie. The key comes in the body, from the script of <c>/portal</c>: behind <c>#</c> in the link it
/// was never sent to anybody, and so stands in no log and no referrer.
/// </summary>
internal sealed class PortalDoor(PortalSession portal, ApiOptions api)
{
    /// <summary>Where the key is sent to; GET tells whether a portal is open in this browser.</summary>
    public const string Path = ConsolePaths.Portal + "/session";

    private const int MaxBytes = 16 * 1024;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost(Path, OpenAsync).WithMetadata(ConsoleRoute.Instance, RouteAccess.Everybody).ExcludeFromDescription();
        routes.MapGet(Path, LookAsync).WithMetadata(ConsoleRoute.Instance, RouteAccess.Everybody).ExcludeFromDescription();
    }

    private async Task OpenAsync(HttpContext http)
    {
        if (!IsFromOurPage(http.Request))
            await ErrorBody.WriteAsync(http.Response, StatusCodes.Status403Forbidden, "forbidden", "Only the page that the link leads to opens a portal.");
        else if (await ReadKeyAsync(http) is { } key && await portal.FindStandingAsync(key, http.RequestAborted) is { } token)
        {
            portal.Keep(http, key, token);
            http.AnswerNoContent();
        }
        else
            await RefuseAsync(http);
    }

    private async Task LookAsync(HttpContext http)
    {
        if (await portal.FindStandingAsync(PortalSession.KeyOf(http), http.RequestAborted) is null)
            await RefuseAsync(http);
        else
            http.AnswerNoContent();
    }

    /// <summary>
    /// Another site could otherwise open a portal of its own here in the background, and people would put their endpoints and secrets into somebody
    /// else's application. All browsers of today send Sec-Fetch-Site, which is about their view and right behind any proxy; older ones send Origin with
    /// a POST. What sends neither is no browser, or one that hides where it is.
    /// </summary>
    private bool IsFromOurPage(HttpRequest request)
    {
        if (request.Headers["Sec-Fetch-Site"] is [{ } site])
            return site == "same-origin";
        return request.Headers.Origin is [{ } origin] && (origin == $"{request.Scheme}://{request.Host}" || origin == PublicOrigin);
    }

    private string? PublicOrigin => api.PublicUrl is { } url ? new Uri(url).GetLeftPart(UriPartial.Authority) : null;

    private static async Task<string?> ReadKeyAsync(HttpContext http)
    {
        var bytes = await RequestBytes.ReadAsync(http.Request, MaxBytes, http.RequestAborted);
        using var document = JsonDocument.Parse(bytes);
        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("key", out var key) && key.ValueKind == JsonValueKind.String
            ? key.GetString()
            : null;
    }

    private static Task RefuseAsync(HttpContext http) => ErrorBody.WriteAsync(
        http.Response, StatusCodes.Status401Unauthorized, "authentication_failed", "The link no longer holds: it has expired, or was taken back.");
}
