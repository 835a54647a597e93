using Grapnel.Storage;
using Microsoft.AspNetCore.Identity;

namespace Grapnel.Server.Auth.Users;

/// <summary>
/// Users as ASP.NET Core Identity wants them kept, on the store's own terms: all writes go through its one gate, which the stock EF stores know
/// nothing of. Identity's managers decide about passwords, lock-outs and stamps; this only keeps what they say.
/// </summary>
internal sealed class UserStore(IConsoleStore store) : IUserPasswordStore<User>, IUserSecurityStampStore<User>, IUserLockoutStore<User>
{
    public Task<User?> FindByIdAsync(string userId, CancellationToken cancellationToken) =>
        Id<User>.TryParse(userId, out var id) ? store.FindUserAsync(id, cancellationToken) : Task.FromResult<User?>(null);

    public Task<User?> FindByNameAsync(string normalizedUserName, CancellationToken cancellationToken) =>
        store.FindUserByNameAsync(normalizedUserName, cancellationToken);

    public Task<IdentityResult> CreateAsync(User user, CancellationToken cancellationToken) =>
        ToldAsync(() => store.AddUserAsync(user, cancellationToken));

    public Task<IdentityResult> UpdateAsync(User user, CancellationToken cancellationToken) =>
        ToldAsync(() => store.UpdateUserAsync(user, cancellationToken));

    public Task<IdentityResult> DeleteAsync(User user, CancellationToken cancellationToken) =>
        ToldAsync(() => store.DeleteUserAsync(user.Id, cancellationToken));

    public Task<string> GetUserIdAsync(User user, CancellationToken cancellationToken) => Task.FromResult(user.Id.ToString());

    public Task<string?> GetUserNameAsync(User user, CancellationToken cancellationToken) => Task.FromResult<string?>(user.Name);

    public Task SetUserNameAsync(User user, string? userName, CancellationToken cancellationToken) => Set(() => user.Name = userName ?? "");

    public Task<string?> GetNormalizedUserNameAsync(User user, CancellationToken cancellationToken) => Task.FromResult<string?>(user.NormalizedName);

    public Task SetNormalizedUserNameAsync(User user, string? normalizedName, CancellationToken cancellationToken) =>
        Set(() => user.NormalizedName = normalizedName ?? "");

    public Task<string?> GetPasswordHashAsync(User user, CancellationToken cancellationToken) => Task.FromResult(user.PasswordHash);

    public Task<bool> HasPasswordAsync(User user, CancellationToken cancellationToken) => Task.FromResult(user.PasswordHash is not null);

    public Task SetPasswordHashAsync(User user, string? passwordHash, CancellationToken cancellationToken) => Set(() => user.PasswordHash = passwordHash);

    public Task<string?> GetSecurityStampAsync(User user, CancellationToken cancellationToken) => Task.FromResult<string?>(user.SecurityStamp);

    public Task SetSecurityStampAsync(User user, string stamp, CancellationToken cancellationToken) => Set(() => user.SecurityStamp = stamp);

    public Task<DateTimeOffset?> GetLockoutEndDateAsync(User user, CancellationToken cancellationToken) => Task.FromResult(user.LockedUntil);

    public Task SetLockoutEndDateAsync(User user, DateTimeOffset? lockoutEnd, CancellationToken cancellationToken) => Set(() => user.LockedUntil = lockoutEnd);

    public Task<int> GetAccessFailedCountAsync(User user, CancellationToken cancellationToken) => Task.FromResult(user.FailedSignIns);

    public Task<int> IncrementAccessFailedCountAsync(User user, CancellationToken cancellationToken) => Task.FromResult(++user.FailedSignIns);

    public Task ResetAccessFailedCountAsync(User user, CancellationToken cancellationToken) => Set(() => user.FailedSignIns = 0);

    // Nobody is exempt: an administrator's password is worth the most.
    public Task<bool> GetLockoutEnabledAsync(User user, CancellationToken cancellationToken) => Task.FromResult(true);

    public Task SetLockoutEnabledAsync(User user, bool enabled, CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
    }

    private static Task Set(Action set)
    {
        set();
        return Task.CompletedTask;
    }

    private static async Task<IdentityResult> ToldAsync(Func<Task> write)
    {
        try
        {
            await write();
            return IdentityResult.Success;
        }
        catch (ConflictException conflict)
        {
            return IdentityResult.Failed(new IdentityError { Code = conflict.Code, Description = conflict.Message });
        }
    }
}
