using Grapnel.Auditing;
using Grapnel.Registry;
using Grapnel.Server.Api;
using Grapnel.Server.Commands.Client;
using Grapnel.Storage;
using Grapnel.Storage.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Grapnel.Server.Commands.Keys;

/// <summary>The keys in a data folder that no server has open: works when nobody can get in any more.</summary>
internal sealed class FolderKeyRing : IKeyRing
{
    private readonly SqliteStore _store;
    private readonly AuditLog _audit;
    private readonly ApiKeyRegistry _keys;

    private FolderKeyRing(SqliteStore store)
    {
        _store = store;
        var ids = new IdGenerator(TimeProvider.System);
        _audit = new AuditLog(store.Console, ids, TimeProvider.System, NullLogger<AuditLog>.Instance);
        _keys = new ApiKeyRegistry(store.Catalog, new CatalogEvents(), _audit, ids, TimeProvider.System);
    }

    /// <summary>Takes the folder until disposed.</summary>
    public static async Task<FolderKeyRing> OpenAsync(string folder, CancellationToken cancel)
    {
        if (!Directory.Exists(folder))
            throw new CommandException($"There is no data folder {Path.GetFullPath(folder)}. Name the server's with --data, or a running server with --url.");
        try
        {
            return new FolderKeyRing(await SqliteStore.OpenAsync(new SqliteStoreOptions { Data = folder }, TimeProvider.System, cancel));
        }
        catch (StoreLockedException locked)
        {
            throw new CommandException(
                $"{locked.Message} To work on the running server, add --url with its address, for example --url {ApiClient.DefaultUrl}. " +
                "If its last key is lost, stop it, run this again, and start it anew.", locked);
        }
        catch (Exception failure) when (failure is StoreOpenException or StoreUnavailableException)
        {
            throw new CommandException(failure.Message, failure);
        }
    }

    public Task<MadeKey> CreateAsync(ApiKeyInput input, CancellationToken cancel) => ToldAsync(async () =>
    {
        var made = await _keys.CreateAsync(input, cancel);
        return new MadeKey { Id = made.Key.Id.ToString(), Key = made.Text };
    });

    public Task<IReadOnlyList<ListedKey>> ListAsync(CancellationToken cancel) => ToldAsync<IReadOnlyList<ListedKey>>(
        async () => [.. (await _keys.ListAsync(cancel)).Select(Show)]);

    public Task RevokeAsync(Id<ApiKey> id, CancellationToken cancel) => ToldAsync(async () =>
    {
        await _keys.RevokeAsync(id);
        return id;
    });

    public async ValueTask DisposeAsync()
    {
        await _audit.FlushAsync();
        _audit.Dispose();
        await _store.DisposeAsync();
    }

    private static ListedKey Show(ApiKey key) => new()
    {
        Id = key.Id.ToString(), Name = key.Name, Hint = key.Hint, Scope = key.Scope.ToCamelCase(), Application = key.ApplicationId?.ToString(),
        CreatedAt = key.CreatedAt, ExpiresAt = key.ExpiresAt, LastUsedAt = key.LastUsedAt, RevokedAt = key.RevokedAt,
    };

    private static async Task<T> ToldAsync<T>(Func<Task<T>> work)
    {
        using var acting = Actor.As(Actor.CommandLine);
        try
        {
            return await work();
        }
        catch (Exception failure) when (failure is StoreUnavailableException or NotFoundException or InvalidInputException)
        {
            throw new CommandException(failure.Message, failure);
        }
    }
}
