using System.Runtime.CompilerServices;
using Grapnel.Auditing;
using Grapnel.Registry;

namespace Grapnel.Server.Auth;

/// <summary>
/// Lets in whoever shows a working API key or a token that holds, <c>Authorization: Bearer …</c>, as far as the route is for him, and nobody
/// else, unless the route says itself that it is open to all. Also what has no route needs a key: a stranger learns nothing from trying. A
/// single step, because the platform's authentication and authorisation, made for many schemes and policies, cost each publish a scope of
/// services and more than a dozen objects.
/// </summary>
internal sealed class ApiKeyGate(RequestDelegate next, ApiKeyRegistry keys, Tokens tokens, OwnApplication applications, RequestLimits limits, TokenSecret secret)
{
    private const string Bearer = "Bearer ";
    private static readonly ConditionalWeakTable<ApiKey, Caller> Callers = [];

    public Task InvokeAsync(HttpContext http)
    {
        var access = RouteAccess.Of(http);
        if (access.IsOpenTo(http))
            return next(http);
        if (http.Request.Headers.Authorization is not [{ } header] || !header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            return GateReply.RefuseAsync(http);
        var search = keys.FindAsync(Presented(header), http.RequestAborted);
        return search.IsCompletedSuccessfully ? AdmitAsync(http, access, header, search.Result) : AdmitAsync(http, access, header, search);
    }

    /// <summary>The key or token in the header.</summary>
    public static ReadOnlySpan<char> Presented(string header) => header.AsSpan(Bearer.Length).Trim();

    private async Task AdmitAsync(HttpContext http, RouteAccess access, string header, ValueTask<WorkingKey?> search) =>
        await AdmitAsync(http, access, header, await search);

    private Task AdmitAsync(HttpContext http, RouteAccess access, string header, WorkingKey? key)
    {
        if (key is null)
            return AdmitTokenAsync(http, access, header);
        key.NoteUse();
        return AdmitAsync(http, access, Callers.GetValue(key.Key, Caller.Of));
    }

    private async Task AdmitTokenAsync(HttpContext http, RouteAccess access, string header)
    {
        var token = Tokens.LooksLikeOne(Presented(header)) ? await tokens.FindAsync(Presented(header).ToString(), http.RequestAborted) : null;
        await (token is null ? GateReply.RefuseAsync(http, secret.Is(Presented(header))) : AdmitAsync(http, access, Caller.Of(token)));
    }

    private Task AdmitAsync(HttpContext http, RouteAccess access, Caller caller)
    {
        if (caller.Application is not null)
            return AdmitApplicationAsync(http, access, caller);
        return limits.Refuse(caller, own: null, out var wait) ? GateReply.SlowDownAsync(http, wait) : PassAsync(http, access, caller);
    }

    private async Task AdmitApplicationAsync(HttpContext http, RouteAccess access, Caller caller)
    {
        if (await applications.FindAsync(caller, http.RequestAborted) is not { } own)
            await GateReply.RefuseAsync(http);
        else if (limits.Refuse(caller, own, out var wait))
            await GateReply.SlowDownAsync(http, wait);
        else if (access.HasApplication && access.ApplicationOf(http) is var asked && !OwnApplication.IsNamed(own, asked))
            throw ApplicationRegistry.Unknown(asked ?? "");
        else if (!access.ForApplications || (access.FixedApplication is { } needed && !OwnApplication.IsNamed(own, needed)))
            await GateReply.ForbidAsync(http);
        else
            await PassAsync(http, access, caller);
    }

    private Task PassAsync(HttpContext http, RouteAccess access, Caller caller)
    {
        if (!caller.May(access.Right))
            return GateReply.RefuseScopeAsync(http, access.Right);
        http.Features.Set(caller);
        return access.Changes ? PassAsAsync(http, caller.Actor) : next(http);
    }

    private async Task PassAsAsync(HttpContext http, string actor)
    {
        using (Actor.As(actor))
            await next(http);
    }
}
