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
    private static readonly ConditionalWeakTable<ApiKey, Task<AuthenticateResult>> Verdicts = [];
    private static readonly Task<AuthenticateResult> Nothing = Task.FromResult(AuthenticateResult.NoResult());
    private static readonly Task<AuthenticateResult> Unknown = Task.FromResult(AuthenticateResult.Fail("The API key is unknown or revoked."));
    private HttpContext _http = null!;

    public Task InitializeAsync(AuthenticationScheme scheme, HttpContext context)
    {
        _http = context;
        return Task.CompletedTask;
    }

    public Task<AuthenticateResult> AuthenticateAsync()
    {
        if (_http.Request.Headers.Authorization is not [{ } header] || !header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            return Nothing;
        var search = keys.FindAsync(header.AsSpan(Bearer.Length).Trim(), CancellationToken.None);
        return search.IsCompletedSuccessfully ? Judge(search.Result) : JudgeAsync(search);
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

    private static async Task<AuthenticateResult> JudgeAsync(ValueTask<ApiKey?> search) => await Judge(await search);

    private static Task<AuthenticateResult> Judge(ApiKey? key) => key is null ? Unknown : Verdicts.GetValue(key, Admit);

    private static Task<AuthenticateResult> Admit(ApiKey key)
    {
        var identity = new ClaimsIdentity(
            [new Claim(ClaimTypes.NameIdentifier, key.Id.ToString()), new Claim(ClaimTypes.Name, key.Name)], Scheme);
        return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme)));
    }
}
