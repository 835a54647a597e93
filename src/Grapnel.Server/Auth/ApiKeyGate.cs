using System.Runtime.CompilerServices;
using System.Security.Claims;
using Grapnel.Registry;
using Grapnel.Server.Api;
using Microsoft.AspNetCore.Authorization;

namespace Grapnel.Server.Auth;

/// <summary>
/// Lets in whoever shows a working API key, <c>Authorization: Bearer grpk_…</c>, and nobody else, unless the route says itself that it is open
/// to all. Also what has no route needs a key: a stranger learns nothing from trying. A single step, because the platform's authentication and
/// authorisation, made for many schemes and policies, cost each publish a scope of services and more than a dozen objects.
/// </summary>
internal sealed class ApiKeyGate(RequestDelegate next, ApiKeyRegistry keys)
{
    private const string Bearer = "Bearer ";
    private static readonly ConditionalWeakTable<ApiKey, ClaimsPrincipal> Callers = [];

    public Task InvokeAsync(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null)
            return next(http);
        if (http.Request.Headers.Authorization is not [{ } header] || !header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            return RefuseAsync(http);
        var search = keys.FindAsync(header.AsSpan(Bearer.Length).Trim(), http.RequestAborted);
        return search.IsCompletedSuccessfully ? AdmitAsync(http, search.Result) : AdmitAsync(http, search);
    }

    private async Task AdmitAsync(HttpContext http, ValueTask<ApiKey?> search) => await AdmitAsync(http, await search);

    private Task AdmitAsync(HttpContext http, ApiKey? key)
    {
        if (key is null)
            return RefuseAsync(http);
        http.User = Callers.GetValue(key, CallerOf);
        return next(http);
    }

    private static ClaimsPrincipal CallerOf(ApiKey key) => new(new ClaimsIdentity(
        [new Claim(ClaimTypes.NameIdentifier, key.Id.ToString()), new Claim(ClaimTypes.Name, key.Name)], authenticationType: "ApiKey"));

    private static Task RefuseAsync(HttpContext http)
    {
        http.Response.Headers.WWWAuthenticate = "Bearer";
        var shown = http.Request.Headers.Authorization.Count > 0;
        return ErrorBody.WriteAsync(http.Response, StatusCodes.Status401Unauthorized, "authentication_failed",
            shown ? "The API key is unknown or revoked." : "An API key is needed: 'Authorization: Bearer KEY'.");
    }
}
