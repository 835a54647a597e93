using Grapnel.Registry;
using Grapnel.Server.Api;
using Grapnel.Server.Commands.Client;
using Grapnel.Server.Commands.Stores;

namespace Grapnel.Server.Commands.Keys;

/// <summary>The keys in a data folder that no server has open: works when nobody can get in any more.</summary>
internal sealed class FolderKeyRing : IKeyRing
{
    private readonly StoppedServer _server;
    private readonly ApiKeyRegistry _keys;

    private FolderKeyRing(StoppedServer server)
    {
        _server = server;
        _keys = new ApiKeyRegistry(server.Store.Catalog, new CatalogEvents(), server.Audit, server.Ids, TimeProvider.System);
    }

    /// <summary>Takes the folder until disposed.</summary>
    public static async Task<FolderKeyRing> OpenAsync(StorePlace place, CancellationToken cancel) => new(await StoppedServer.OpenAsync(
        place,
        $"To work on the running server, add --url with its address, for example --url {ApiClient.DefaultUrl}. If its last key is lost, stop it, run this again, and start it anew.",
        cancel));

    public Task<MadeKey> CreateAsync(ApiKeyInput input, CancellationToken cancel) => StoppedServer.ToldAsync(async () =>
    {
        var made = await _keys.CreateAsync(input, cancel);
        return new MadeKey { Id = made.Key.Id.ToString(), Key = made.Text };
    });

    public Task<IReadOnlyList<ListedKey>> ListAsync(CancellationToken cancel) => StoppedServer.ToldAsync<IReadOnlyList<ListedKey>>(
        async () => [.. (await _keys.ListAsync(cancel)).Select(Show)]);

    public Task RevokeAsync(Id<ApiKey> id, CancellationToken cancel) => StoppedServer.ToldAsync(async () =>
    {
        await _keys.RevokeAsync(id);
        return id;
    });

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static ListedKey Show(ApiKey key) => new()
    {
        Id = key.Id.ToString(), Name = key.Name, Hint = key.Hint, Scope = key.Scope.ToCamelCase(), Application = key.ApplicationId?.ToString(),
        CreatedAt = key.CreatedAt, ExpiresAt = key.ExpiresAt, LastUsedAt = key.LastUsedAt, RevokedAt = key.RevokedAt,
    };
}
