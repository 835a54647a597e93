using System.Globalization;
using Grapnel.Server.Api;

namespace Grapnel.Server.Auth;

/// <summary>What those hear who do not get in.</summary>
internal static class GateReply
{
    public static Task RefuseAsync(HttpContext http, bool isSecret = false)
    {
        http.Response.Headers.WWWAuthenticate = "Bearer";
        var detail = isSecret ? "This is the secret that tokens are signed with. Show a token, and change the secret: it was just sent over the network."
            : http.Request.Headers.Authorization.Count > 0 ? "The API key or token is unknown, expired or revoked."
            : "An API key is needed: 'Authorization: Bearer KEY'.";
        return ErrorBody.WriteAsync(http.Response, StatusCodes.Status401Unauthorized, "authentication_failed", detail);
    }

    public static Task ForbidAsync(HttpContext http) => ErrorBody.WriteAsync(http.Response, StatusCodes.Status403Forbidden, "forbidden",
        "This is not for callers of a single application: it needs an API key of the whole installation.");

    public static Task RefuseScopeAsync(HttpContext http, Rights right) => ErrorBody.WriteAsync(
        http.Response, StatusCodes.Status403Forbidden, "insufficient_scope", $"This needs {RightsNames.Describe(right)}.");

    public static Task SlowDownAsync(HttpContext http, TimeSpan wait)
    {
        var seconds = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds));
        http.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return ErrorBody.WriteAsync(http.Response, StatusCodes.Status429TooManyRequests, "rate_limited",
            $"Too many requests; try again in {seconds} s.");
    }
}
