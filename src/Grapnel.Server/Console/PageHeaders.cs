using Grapnel.Server.Api;
using Grapnel.Server.Console.Portal;

namespace Grapnel.Server.Console;

/// <summary>
/// Tells the browser what a page of the console may do: load from this server only, run no script but its files, and be framed by nobody. The
/// component library writes styles into the page, which is why those are allowed. Pages of the portal may show the operator's logo and be framed where
/// the operator said.
/// </summary>
internal sealed class PageHeaders(RequestDelegate next, PortalOptions portal, ApiOptions api)
{
    private readonly string _console = Policy(images: "", ancestors: []);
    private readonly string _portal = Policy(OriginOf(portal.LogoUrl), portal.FrameOrigins);

    public Task InvokeAsync(HttpContext http)
    {
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = http.Request.Path.StartsWithSegments(ConsolePaths.Portal) ? _portal : _console;
        headers.XContentTypeOptions = "nosniff";
        // Only where people come over https anyway: a browser that was told to insist on it does so for a year.
        if (api.IsSecure)
            headers.StrictTransportSecurity = "max-age=31536000";
        headers["Referrer-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=()";
        if (!http.Request.Path.StartsWithSegments(ConsolePaths.Assets))
            headers.CacheControl = "no-store";
        return next(http);
    }

    private static string Policy(string images, ICollection<string> ancestors) =>
        $"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:{images}; font-src 'self'; connect-src 'self'; "
        + $"form-action 'self'; base-uri 'self'; object-src 'none'; frame-ancestors {(ancestors.Count > 0 ? string.Join(' ', ancestors) : "'none'")}";

    private static string OriginOf(string? url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps ? " " + uri.GetLeftPart(UriPartial.Authority) : "";
}
