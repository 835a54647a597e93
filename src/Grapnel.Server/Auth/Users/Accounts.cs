using Grapnel.Storage;
using Microsoft.AspNetCore.Identity;

namespace Grapnel.Server.Auth.Users;

/// <summary>Making, changing and removing users. Whoever asks has been checked already.</summary>
internal sealed class Accounts(UserManager<User> users, IConsoleStore store, IdGenerator ids, TimeProvider time)
{
    public const int MaxNameLength = 254;
    public const int MinPasswordLength = 10;

    // What is longer would only cost time to hash.
    public const int MaxPasswordLength = 256;

    /// <summary>Whether there is anybody who may sign in.</summary>
    public Task<bool> AnyAsync(CancellationToken cancellationToken) => store.AnyUserAsync(cancellationToken);

    /// <summary>All users, by name.</summary>
    public Task<IReadOnlyList<User>> ListAsync(CancellationToken cancellationToken) => store.ReadUsersAsync(cancellationToken);

    /// <summary>Makes a user.</summary>
    /// <exception cref="InvalidInputException">Name or password do not fit.</exception>
    /// <exception cref="ConflictException">The name is taken.</exception>
    public async Task<User> CreateAsync(string name, string password, UserRole role, CancellationToken cancellationToken)
    {
        var user = await NewAsync(name, password, role);
        await store.AddUserAsync(user, cancellationToken);
        return user;
    }

    /// <summary>Makes the first user, an administrator; null when there is somebody already.</summary>
    /// <exception cref="InvalidInputException">Name or password do not fit.</exception>
    public async Task<User?> CreateFirstAsync(string name, string password, CancellationToken cancellationToken)
    {
        var user = await NewAsync(name, password, UserRole.Administrator);
        return await store.AddFirstUserAsync(user, cancellationToken) ? user : null;
    }

    /// <summary>Gives a user another password, lifts a lock-out, and ends the user's sessions.</summary>
    /// <exception cref="InvalidInputException">The password does not fit.</exception>
    /// <exception cref="NotFoundException">There is no such user.</exception>
    public async Task ResetPasswordAsync(string name, string password)
    {
        var user = await users.FindByNameAsync(name) ?? throw new NotFoundException($"There is no user named '{name}'.");
        CheckPassword(password);
        user.PasswordHash = users.PasswordHasher.HashPassword(user, password);
        (user.FailedSignIns, user.LockedUntil) = (0, null);
        await SaveWithNewStampAsync(user);
    }

    /// <summary>Changes a user's own password; false when the current one is not right. Wrong guesses count towards the lock-out.</summary>
    /// <exception cref="InvalidInputException">The new password does not fit.</exception>
    public async Task<bool> ChangePasswordAsync(User user, string current, string replacement)
    {
        CheckPassword(replacement);
        if (await users.IsLockedOutAsync(user))
            return false;
        if (!await users.CheckPasswordAsync(user, current))
        {
            await users.AccessFailedAsync(user);
            return false;
        }
        await ResetPasswordAsync(user.Name, replacement);
        return true;
    }

    /// <summary>Gives a user another role. The user's sessions end, and the next sign-in has the new rights.</summary>
    /// <exception cref="ConflictException">It is the last administrator.</exception>
    public async Task ChangeRoleAsync(Id<User> id, UserRole role, CancellationToken cancellationToken)
    {
        var user = await GetAsync(id, cancellationToken);
        user.Role = role;
        await SaveWithNewStampAsync(user);
    }

    /// <summary>Removes a user; the user's sessions end.</summary>
    /// <exception cref="ConflictException">It is the last administrator.</exception>
    public async Task DeleteAsync(Id<User> id, CancellationToken cancellationToken)
    {
        if (!await store.DeleteUserAsync(id, cancellationToken))
            throw new NotFoundException("There is no such user.");
    }

    private async Task<User> GetAsync(Id<User> id, CancellationToken cancellationToken) =>
        await store.FindUserAsync(id, cancellationToken) ?? throw new NotFoundException("There is no such user.");

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
