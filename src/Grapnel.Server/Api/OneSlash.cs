namespace Grapnel.Server.Api;

/// <summary>Clients that join a base URL ending in a slash with a path starting with one ask for <c>//api/…</c>; they mean one slash.</summary>
internal sealed class OneSlash(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext http)
    {
        if (http.Request.Path.Value is ['/', '/', ..] path)
            http.Request.Path = "/" + path.TrimStart('/');
        return next(http);
    }
}
