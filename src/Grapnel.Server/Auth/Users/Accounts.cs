using System.Security.Cryptography;
using Grapnel.Auditing;
using Grapnel.Registry;
using Grapnel.Storage;
using Microsoft.AspNetCore.Identity;

namespace Grapnel.Server.Auth.Users;

/// <summary>Making, changing and removing users. Whoever asks has been checked already.</summary>
internal sealed class Accounts(UserManager<User> users, IConsoleStore store, AuditLog audit, IdGenerator ids, TimeProvider time)
{
    /// <summary>
    /// Whatever writes a user back takes its turn here: a sign-in that wrote back what it read before would undo a role that was taken away meanwhile.
    /// </summary>
    internal static readonly EditGate Gate = new();

    public const int MaxNameLength = 254;
    public const int MinPasswordLength = 10;

    // What is longer would only cost time to hash.
    public const int MaxPasswordLength = 256;

    private const string Alphabet = "abcdefghjkmnpqrstuvwxyz23456789";

    /// <summary>Whether there is anybody who may sign in.</summary>
    public Task<bool> AnyAsync(CancellationToken cancellationToken) => store.AnyUserAsync(cancellationToken);

    /// <summary>All users, by name.</summary>
    public Task<IReadOnlyList<User>> ListAsync(CancellationToken cancellationToken) => store.ReadUsersAsync(cancellationToken);

    /// <summary>Finds a user by id or name.</summary>
    /// <exception cref="NotFoundException">There is none.</exception>
    public async Task<User> GetAsync(string idOrName, CancellationToken cancellationToken) =>
        (Id<User>.TryParse(idOrName, out var id) ? await store.FindUserAsync(id, cancellationToken) : await users.FindByNameAsync(idOrName))
        ?? throw new NotFoundException($"There is no user '{idOrName}'.");

    /// <summary>Makes a user.</summary>
    /// <exception cref="InvalidInputException">Name or password do not fit.</exception>
    /// <exception cref="ConflictException">The name is taken.</exception>
    public async Task<User> CreateAsync(string name, string password, UserRole role, CancellationToken cancellationToken)
    {
        var user = await NewAsync(name, password, role);
        await store.AddUserAsync(user, cancellationToken);
        audit.RecordChange(AuditActions.UserCreated, user.Name, null, null, user);
        return user;
    }

    /// <summary>Makes the first user, an administrator; null when there is somebody already.</summary>
    /// <exception cref="InvalidInputException">Name or password do not fit.</exception>
    public async Task<User?> CreateFirstAsync(string name, string password, CancellationToken cancellationToken)
    {
        var user = await NewAsync(name, password, UserRole.Administrator);
        if (!await store.AddFirstUserAsync(user, cancellationToken))
            return null;
        audit.RecordChange(AuditActions.UserCreated, user.Name, null, null, user);
        return user;
    }

    /// <summary>Gives a user another password, lifts a lock-out, and ends the user's sessions.</summary>
    /// <exception cref="InvalidInputException">The password does not fit.</exception>
    /// <exception cref="NotFoundException">There is no such user.</exception>
    public Task ResetPasswordAsync(string idOrName, string password, CancellationToken cancellationToken) => Gate.RunAsync(async () =>
    {
        CheckPassword(password);
        var user = await GetAsync(idOrName, cancellationToken);
        await SetPasswordAsync(user, password);
        audit.Record(AuditActions.UserPasswordReset, user.Name);
        return user;
    }, cancellationToken);

    /// <summary>
    /// Changes a user's own password and ends the user's sessions; null when the current one is not right, or nobody gets in under this name just now.
    /// Wrong guesses count towards the lock-out.
    /// </summary>
    /// <exception cref="InvalidInputException">The new password does not fit.</exception>
    /// <exception cref="NotFoundException">There is no such user.</exception>
    public Task<User?> ChangePasswordAsync(Id<User> id, string current, string replacement, CancellationToken cancellationToken) => Gate.RunAsync(async () =>
    {
        CheckPassword(replacement);
        var user = await GetAsync(id, cancellationToken);
        if (await users.IsLockedOutAsync(user) || !await IsRightAsync(user, current))
            return null;
        await SetPasswordAsync(user, replacement);
        audit.Record(AuditActions.UserPasswordChanged, user.Name);
        return user;
    }, cancellationToken);

    /// <summary>Gives a user another role. The user's sessions end, and the next sign-in has the new rights.</summary>
    /// <exception cref="ConflictException">It is the last administrator.</exception>
    /// <exception cref="NotFoundException">There is no such user.</exception>
    public Task ChangeRoleAsync(Id<User> id, UserRole role, CancellationToken cancellationToken) => Gate.RunAsync(async () =>
    {
        var user = await GetAsync(id, cancellationToken);
        var before = user with { };
        user.Role = role;
        await SaveWithNewStampAsync(user);
        audit.RecordChange(AuditActions.UserUpdated, user.Name, null, before, user);
        return user;
    }, cancellationToken);

    /// <summary>Lets a user in again who typed too many wrong passwords.</summary>
    /// <exception cref="NotFoundException">There is no such user.</exception>
    public Task UnlockAsync(Id<User> id, CancellationToken cancellationToken) => Gate.RunAsync(async () =>
    {
        var user = await GetAsync(id, cancellationToken);
        (user.FailedSignIns, user.LockedUntil) = (0, null);
        await store.UpdateUserAsync(user, CancellationToken.None);
        audit.Record(AuditActions.UserUnlocked, user.Name);
        return user;
    }, cancellationToken);

    /// <summary>Removes a user; the user's sessions end.</summary>
    /// <exception cref="ConflictException">It is the last administrator.</exception>
    /// <exception cref="NotFoundException">There is no such user.</exception>
    public Task DeleteAsync(Id<User> id, CancellationToken cancellationToken) => Gate.RunAsync(async () =>
    {
        var user = await GetAsync(id, cancellationToken);
        if (!await store.DeleteUserAsync(id, CancellationToken.None))
            throw new NotFoundException("There is no such user.");
        audit.RecordChange(AuditActions.UserDeleted, user.Name, null, user, null);
        return user;
    }, cancellationToken);

    /// <summary>A password that nobody can guess, without characters that people take for one another: four groups of five.</summary>
    public static string NewPassword() => string.Join('-', Enumerable.Range(0, 4).Select(_ => RandomNumberGenerator.GetString(Alphabet, 5)));

    private async Task<User> GetAsync(Id<User> id, CancellationToken cancellationToken) =>
        await store.FindUserAsync(id, cancellationToken) ?? throw new NotFoundException("There is no such user.");

    private async Task<bool> IsRightAsync(User user, string password)
    {
        if (password.Length <= MaxPasswordLength && await users.CheckPasswordAsync(user, password))
            return true;
        await users.AccessFailedAsync(user);
        audit.Record(await users.IsLockedOutAsync(user) ? AuditActions.UserLockedOut : AuditActions.UserSignInFailed, user.Name);
        return false;
    }

    private Task SetPasswordAsync(User user, string password)
    {
        user.PasswordHash = users.PasswordHasher.HashPassword(user, password);
        (user.FailedSignIns, user.LockedUntil) = (0, null);
        return SaveWithNewStampAsync(user);
    }

    private async Task<User> NewAsync(string name, string password, UserRole role)
    {
        name = name.Trim();
        CheckName(name);
        CheckPassword(password);
        var user = new User { Id = ids.Next<User>(), Name = name, Role = role, CreatedAt = time.GetUtcNow(), SecurityStamp = Guid.NewGuid().ToString("N") };
        await users.UpdateNormalizedUserNameAsync(user);
        user.PasswordHash = users.PasswordHasher.HashPassword(user, password);
        return user;
    }

    private async Task SaveWithNewStampAsync(User user)
    {
        user.SecurityStamp = Guid.NewGuid().ToString("N");
        if (!await store.UpdateUserAsync(user, CancellationToken.None))
            throw new NotFoundException($"There is no user named '{user.Name}'.");
    }

    private static void CheckName(string name)
    {
        if (name.Length is 0 or > MaxNameLength || name.Any(char.IsControl))
            throw new InvalidInputException("name", $"must have 1 to {MaxNameLength} characters, none of them a control character.");
    }

    // Length is what counts; rules of composition make passwords worse (NIST SP 800-63B, 3.1.1.2).
    private static void CheckPassword(string password)
    {
        if (password.Length is < MinPasswordLength or > MaxPasswordLength)
            throw new InvalidInputException("password", $"must have {MinPasswordLength} to {MaxPasswordLength} characters.");
    }
}
