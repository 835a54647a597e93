using Grapnel.Server.Auth.Users;
using Grapnel.Storage;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;
using System.Security.Claims;

namespace Grapnel.Server.Console;

/// <summary>
/// Looks from time to time whether the person in front of an open page may still be there: a page lives on its connection, and sees no request that
/// the cookie would be checked at.
/// </summary>
internal sealed class StampChecks(ILoggerFactory loggers, IConsoleStore store) : RevalidatingServerAuthenticationStateProvider(loggers)
{
    /// <summary>How long somebody who may no longer be there can go on at most.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(30);

    protected override TimeSpan RevalidationInterval => Every;

    /// <summary>Whether a person still has the account, the password and the role that the cookie was given for.</summary>
    public async Task<bool> HoldsAsync(ClaimsPrincipal person, CancellationToken cancellationToken) =>
        Id<User>.TryParse(person.FindFirstValue(ClaimTypes.NameIdentifier), out var id)
        && await store.FindUserAsync(id, cancellationToken) is { } user
        && user.SecurityStamp == person.FindFirstValue(UserClaims.SecurityStamp);

    protected override Task<bool> ValidateAuthenticationStateAsync(AuthenticationState authenticationState, CancellationToken cancellationToken) =>
        HoldsAsync(authenticationState.User, cancellationToken);
}
