using Grapnel.Auditing;
using Grapnel.Storage;
using Microsoft.AspNetCore.Identity;

namespace Grapnel.Server.Auth.Users;

/// <summary>
/// Signing in with name and password. One attempt at a time: many at once would all be judged before the first wrong one is counted, so that the
/// lock-out would stop nobody, and hashing for all of them would take the processors from deliveries.
/// </summary>
internal sealed class SignIns(SignInManager<User> manager, IConsoleStore store, AuditLog audit, TimeProvider time)
{
    // Verified when the name is unknown, so that the time of an answer does not tell who is here.
    private static readonly User Nobody = new() { Id = default, Name = "", CreatedAt = default };
    private static readonly Lazy<string> NobodysHash = new(() => new PasswordHasher<User>().HashPassword(Nobody, Guid.NewGuid().ToString()));

    /// <summary>Signs a person in by cookie.</summary>
    /// <param name="name">The name, in any spelling that means the same.</param>
    /// <param name="password">The password.</param>
    /// <param name="remember">Whether the cookie outlives the browser.</param>
    /// <param name="cancellationToken">Gives up before the turn has come.</param>
    public Task<SignInAnswer> SignInAsync(string name, string password, bool remember, CancellationToken cancellationToken) => Accounts.Gate.RunAsync(async () =>
    {
        var user = password.Length > Accounts.MaxPasswordLength ? null : await manager.UserManager.FindByNameAsync(name);
        if (user is null)
        {
            manager.UserManager.PasswordHasher.VerifyHashedPassword(Nobody, NobodysHash.Value, "");
            return SignInAnswer.Refused;
        }
        var wasLockedOut = await manager.UserManager.IsLockedOutAsync(user);
        var result = await manager.CheckPasswordSignInAsync(user, password, lockoutOnFailure: true);
        if (!result.Succeeded)
            return Refuse(user, wasLockedOut, result.IsLockedOut);
        user.LastSignInAt = time.GetUtcNow();
        await store.UpdateUserAsync(user, CancellationToken.None);
        await manager.SignInAsync(user, remember);
        using (Actor.As(Actor.User(user.Name)))
            audit.Record(AuditActions.UserSignedIn, user.Name);
        return SignInAnswer.Done;
    }, cancellationToken);

    /// <summary>Ends the session of whoever is signed in.</summary>
    public async Task SignOutAsync()
    {
        var name = manager.Context.User.Identity?.Name;
        await manager.SignOutAsync();
        if (name is null)
            return;
        using (Actor.As(Actor.User(name)))
            audit.Record(AuditActions.UserSignedOut, name);
    }

    // The lock-out bounds what guessing writes to the audit log: while it lasts, nothing more. A name that nobody has is not recorded at all;
    // there is no end of those, and what was typed there may be a password.
    private SignInAnswer Refuse(User user, bool wasLockedOut, bool isLockedOut)
    {
        using (Actor.As(Actor.Stranger))
        {
            if (!wasLockedOut)
                audit.Record(isLockedOut ? AuditActions.UserLockedOut : AuditActions.UserSignInFailed, user.Name);
        }
        return isLockedOut ? SignInAnswer.LockedOut : SignInAnswer.Refused;
    }
}

/// <summary>What became of an attempt to sign in.</summary>
internal enum SignInAnswer
{
    /// <summary>The person is in.</summary>
    Done,

    /// <summary>Name or password are wrong.</summary>
    Refused,

    /// <summary>Too many wrong passwords: nobody gets in under this name for a while.</summary>
    LockedOut,
}
