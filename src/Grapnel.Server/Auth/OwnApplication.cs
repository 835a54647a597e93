using Grapnel.Publishing;
using Grapnel.Registry;

namespace Grapnel.Server.Auth;

/// <summary>
/// Knows the application that a caller speaks for. Only that one is ever looked up, never the one that he asks for: so all others, there or
/// not, take the same time and leave the same trace, which is none.
/// </summary>
internal sealed class OwnApplication(RouteCache routes, TokenRevocations revocations)
{
    /// <summary>The caller's application; null when it is gone, or the caller's token was revoked.</summary>
    public async ValueTask<Application?> FindAsync(Caller caller, CancellationToken cancellationToken)
    {
        if (await routes.FindAsync(caller.Application!, cancellationToken) is not { Application: var own })
            return null;
        return caller.Token is { } token && await revocations.IncludeAsync(token.Subjects(own.Id), token.IssuedAt, cancellationToken) ? null : own;
    }

    /// <summary>Whether a text is the id or the uid of an application.</summary>
    public static bool IsNamed(Application application, string? text) => text is not null && (text == application.Uid || text == application.Id.ToString());
}
