using System.Text.Json;
using Grapnel.Registry;
using Grapnel.Server.Api;
using Grapnel.Server.Commands.Client;

namespace Grapnel.Server.Commands.Keys;

/// <summary>The keys of a running server, through its API.</summary>
internal sealed class ServerKeyRing(ApiClient client) : IKeyRing
{
    private const string KeysPath = "/api/v1/api-key";
    private const int KeysAtOnce = 250;

    public async Task<MadeKey> CreateAsync(ApiKeyInput input, CancellationToken cancel)
    {
        var body = new { name = input.Name, scope = input.Scope.ToCamelCase(), application = input.Application, expiresAt = input.ExpiresAt };
        return (await client.PostAsync(KeysPath, JsonSerializer.SerializeToUtf8Bytes(body), cancel)).Read<MadeKey>();
    }

    public async Task<IReadOnlyList<ListedKey>> ListAsync(CancellationToken cancel)
    {
        var keys = new List<ListedKey>();
        var next = "";
        KeyPage page;
        do
        {
            page = (await client.GetAsync($"{KeysPath}?limit={KeysAtOnce}{next}", cancel)).Read<KeyPage>();
            keys.AddRange(page.Data);
            next = $"&iterator={page.Iterator}";
        }
        while (!page.Done);
        return keys;
    }

    public async Task RevokeAsync(Id<ApiKey> id, CancellationToken cancel) =>
        (await client.DeleteAsync($"{KeysPath}/{id}", cancel)).ThrowIfFailed();

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    private sealed record KeyPage
    {
        public required IReadOnlyList<ListedKey> Data { get; init; }

        public required string? Iterator { get; init; }

        public required bool Done { get; init; }
    }
}
