namespace Grapnel.Server.Console;

/// <summary>
/// Tells the browser what a page of the console may do: load from this server only, run no script but its files, and be framed by nobody. The
/// component library writes styles into the page, which is why those are allowed.
/// </summary>
internal sealed class PageHeaders(RequestDelegate next)
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        + "form-action 'self'; base-uri 'self'; object-src 'none'; frame-ancestors ";

    public Task InvokeAsync(HttpContext http)
    {
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = Policy + "'none'";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=()";
        if (!http.Request.Path.StartsWithSegments(ConsolePaths.Assets))
            headers.CacheControl = "no-store";
        return next(http);
    }
}
