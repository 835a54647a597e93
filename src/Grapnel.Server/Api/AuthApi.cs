using Grapnel.Registry;
using Grapnel.Server.Api.Description;
using Grapnel.Server.Auth;

namespace Grapnel.Server.Api;

/// <summary><c>/auth</c>: application tokens, which are what an application's own people get to look after their webhooks with.</summary>
internal sealed class AuthApi(
    ApplicationRegistry applications, PortalLinks links, TokenSecret secret, TokenRevocations revocations, TimeProvider time)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/auth/app-portal-access/{app}", AccessAsync).Idempotent(IdempotencyMode.Harmless).Describe(AccessOperations.AppPortalAccess);
        // The name that it had before.
        routes.MapPost("/auth/dashboard-access/{app}", AccessAsync).Idempotent(IdempotencyMode.Harmless).Describe(AccessOperations.DashboardAccess);
        routes.MapPost("/auth/app/{app}/expire-all", ExpireAllAsync).Describe(AccessOperations.ExpireAll);
        routes.MapPost("/auth/logout", LogoutAsync).Describe(AccessOperations.Logout);
    }

    private async Task AccessAsync(HttpContext http)
    {
        var body = await JsonBody.ReadAsync(http, mayBeEmpty: true);
        var grant = TokenBody.ReadGrant(body);
        var input = body.Object("application") is { } inner ? ApplicationsApi.Read(inner, new ApplicationInput()) : null;
        body.ThrowIfAnyFault();
        var application = await applications.GetOrCreateAsync(http.Part("app"), input, http.RequestAborted);
        var link = await links.MakeAsync(application.Id, grant, $"{http.Request.Scheme}://{http.Request.Host}", http.RequestAborted);
        await http.AnswerAsync(new PortalAccessOut(link.Url, link.Token), ApiJson.Default.PortalAccessOut);
    }

    private async Task ExpireAllAsync(HttpContext http)
    {
        var body = await JsonBody.ReadAsync(http, mayBeEmpty: true);
        var (delay, sessions) = TokenBody.ReadExpiry(body);
        var application = (await applications.GetAsync(http.Part("app"), http.RequestAborted)).Id;
        var subjects = sessions.Count > 0 ? sessions.Select(session => Token.SessionSubject(application, session)) : [application.ToString()];
        await revocations.RevokeAsync(application, subjects, delay, secret.IsShared ? DateTimeOffset.MaxValue : time.GetUtcNow() + TokenBody.MaxLifetime);
        http.AnswerNoContent();
    }

    private async Task LogoutAsync(HttpContext http)
    {
        if (http.Caller().Token is { Application: { } name } token)
        {
            var application = await applications.GetAsync(name, http.RequestAborted);
            await revocations.RevokeAsync(application.Id, [token.Id], TimeSpan.Zero, token.ExpiresAt ?? DateTimeOffset.MaxValue);
            http.AnswerNoContent();
        }
        else
            await ErrorBody.WriteAsync(http.Response, StatusCodes.Status403Forbidden, "forbidden",
                "Only an application token logs itself out. An API key is revoked with DELETE /api/v1/api-key/{id}.");
    }
}
