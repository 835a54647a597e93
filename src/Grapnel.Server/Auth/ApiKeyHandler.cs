using System.Runtime.CompilerServices;
using System.Security.Claims;
using Grapnel.Registry;
using Grapnel.Server.Api;
using Microsoft.AspNetCore.Authentication;

namespace Grapnel.Server.Auth;

/// <summary>
/// Lets in whoever shows a working API key: <c>Authorization: Bearer grpk_…</c>. Implements the bare interface, because the base class
/// for handlers allocates options and loggers for every request; the verdict on a key is made once and kept as long as the key is.
/// </summary>
internal sealed class ApiKeyHandler(ApiKeyRegistry keys) : IAuthenticationHandler
{
    public const string Scheme = "ApiKey";
    private const string Bearer = "Bearer ";
    private static readonly ConditionalWeakTable<ApiKey, AuthenticateResult> Verdicts = [];
    private static readonly AuthenticateResult Nothing = AuthenticateResult.NoResult();
    private static readonly AuthenticateResult Unknown = AuthenticateResult.Fail("The API key is unknown or revoked.");
    private HttpContext _http = null!;

    public Task InitializeAsync(AuthenticationScheme scheme, HttpContext context)
    {
        _http = context;
        return Task.CompletedTask;
    }

    public async Task<AuthenticateResult> AuthenticateAsync()
    {
        if (_http.Request.Headers.Authorization is not [{ } header] || !header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            return Nothing;
        var key = await keys.FindAsync(header[Bearer.Length..].Trim(), _http.RequestAborted);
        return key is null ? Unknown : Verdicts.GetValue(key, Admit);
    }

    public Task ChallengeAsync(AuthenticationProperties? properties)
    {
        _http.Response.Headers.WWWAuthenticate = "Bearer";
        var shown = _http.Request.Headers.Authorization.Count > 0;
        return ErrorBody.WriteAsync(_http.Response, StatusCodes.Status401Unauthorized, "authentication_failed",
            shown ? "The API key is unknown or revoked." : "An API key is needed: 'Authorization: Bearer KEY'.");
    }

    public Task ForbidAsync(AuthenticationProperties? properties) =>
        ErrorBody.WriteAsync(_http.Response, StatusCodes.Status403Forbidden, "insufficient_access", "This key may not do that.");

    private static AuthenticateResult Admit(ApiKey key)
    {
        var identity = new ClaimsIdentity(
            [new Claim(ClaimTypes.NameIdentifier, key.Id.ToString()), new Claim(ClaimTypes.Name, key.Name)], Scheme);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme));
    }
}
