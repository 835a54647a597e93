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
    protected override TimeSpan RevalidationInterval => TimeSpan.FromSeconds(30);

    protected override async Task<bool> ValidateAuthenticationStateAsync(AuthenticationState authenticationState, CancellationToken cancellationToken)
    {
        var person = authenticationState.User;
        return Id<User>.TryParse(person.FindFirstValue(ClaimTypes.NameIdentifier), out var id)
            && await store.FindUserAsync(id, cancellationToken) is { } user
            && user.SecurityStamp == person.FindFirstValue(UserClaims.SecurityStamp);
    }
}
