using Microsoft.EntityFrameworkCore;

namespace Grapnel.Storage.Catalog;

/// <summary>What the console keeps, on EF Core, shared by the SQL back-ends: this part has users and the key ring.</summary>
internal sealed partial class ConsoleStore(ICatalogDatabase database) : IConsoleStore
{
    public Task<bool> AnyUserAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(catalog => catalog.Users.AnyAsync(cancellationToken), cancellationToken);

    public Task<IReadOnlyList<User>> ReadUsersAsync(CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<User>>(async catalog =>
            await catalog.Users.OrderBy(row => row.NormalizedName).ToListAsync(cancellationToken).ConfigureAwait(false), cancellationToken);

    public Task<User?> FindUserAsync(Id<User> id, CancellationToken cancellationToken) =>
        database.ReadAsync(catalog => catalog.Users.FirstOrDefaultAsync(row => row.Id == id, cancellationToken), cancellationToken);

    public Task<User?> FindUserByNameAsync(string normalizedName, CancellationToken cancellationToken) =>
        database.ReadAsync(catalog => catalog.Users.FirstOrDefaultAsync(row => row.NormalizedName == normalizedName, cancellationToken), cancellationToken);

    public Task AddUserAsync(User user, CancellationToken cancellationToken) =>
        database.WriteAsync(catalog => AddAsync(catalog, user), cancellationToken);

    public Task<bool> AddFirstUserAsync(User user, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
            !await catalog.Users.AnyAsync().ConfigureAwait(false) && await AddAsync(catalog, user).ConfigureAwait(false), cancellationToken);

    public Task<bool> UpdateUserAsync(User user, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
        {
            if (!await catalog.Users.AnyAsync(row => row.Id == user.Id).ConfigureAwait(false))
                return false;
            await RefuseTakenNameAsync(catalog, user).ConfigureAwait(false);
            if (user.Role != UserRole.Administrator)
                await RefuseLastAdministratorAsync(catalog, user.Id).ConfigureAwait(false);
            catalog.Update(user);
            await catalog.SaveChangesAsync().ConfigureAwait(false);
            return true;
        }, cancellationToken);

    public Task<bool> DeleteUserAsync(Id<User> id, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
        {
            await RefuseLastAdministratorAsync(catalog, id).ConfigureAwait(false);
            return await catalog.Users.Where(row => row.Id == id).ExecuteDeleteAsync().ConfigureAwait(false) > 0;
        }, cancellationToken);

    public Task<IReadOnlyList<KeyRingEntry>> ReadKeyRingAsync(CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<KeyRingEntry>>(async catalog =>
            await catalog.KeyRing.ToListAsync(cancellationToken).ConfigureAwait(false), cancellationToken);

    public Task StoreKeyRingEntryAsync(KeyRingEntry entry, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
        {
            await catalog.KeyRing.Where(row => row.Name == entry.Name).ExecuteDeleteAsync().ConfigureAwait(false);
            catalog.Add(entry);
            await catalog.SaveChangesAsync().ConfigureAwait(false);
            return true;
        }, cancellationToken);

    public Task RemoveKeyRingEntryAsync(string name, CancellationToken cancellationToken) =>
        database.WriteAsync(catalog => catalog.KeyRing.Where(row => row.Name == name).ExecuteDeleteAsync(), cancellationToken);

    private static async Task<bool> AddAsync(CatalogContext catalog, User user)
    {
        await RefuseTakenNameAsync(catalog, user).ConfigureAwait(false);
        catalog.Add(user);
        await catalog.SaveChangesAsync().ConfigureAwait(false);
        return true;
    }

    private static async Task RefuseTakenNameAsync(CatalogContext catalog, User user)
    {
        if (await catalog.Users.AnyAsync(row => row.NormalizedName == user.NormalizedName && row.Id != user.Id).ConfigureAwait(false))
            throw new ConflictException("user_exists", $"There is a user named '{user.Name}' already.");
    }

    // Somebody must be able to let others in.
    private static async Task RefuseLastAdministratorAsync(CatalogContext catalog, Id<User> id)
    {
        if (await catalog.Users.AnyAsync(row => row.Id == id && row.Role == UserRole.Administrator).ConfigureAwait(false)
            && !await catalog.Users.AnyAsync(row => row.Id != id && row.Role == UserRole.Administrator).ConfigureAwait(false))
            throw new ConflictException("last_administrator", "This is the last administrator. Make another user an administrator first.");
    }
}
