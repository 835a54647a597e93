using Grapnel.Registry;
using Grapnel.Server.Hosting;
using Grapnel.Storage.Sqlite;

namespace Grapnel.Server.Auth;

/// <summary>
/// Sees to it that somebody can get in: the key that the operator set, or, on a first start without any, a new one, which is told once on the
/// console and kept in the data folder in a file that only its owner can read.
/// </summary>
internal sealed class FirstApiKey(ApiKeyRegistry keys, ServerOptions options, SqliteStoreOptions store, Announce announce)
{
    public const string FileName = "first-api-key";

    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (options.ApiKey is { Length: > 0 } chosen)
            await keys.EnsureAsync("From the setting ApiKey", chosen, cancellationToken);
        else if (!await keys.AnyAsync(cancellationToken))
            await MakeAsync(cancellationToken);
    }

    /// <summary>The file comes first: after a crash between the two, the next start finds it and makes its key work.</summary>
    private async Task MakeAsync(CancellationToken cancellationToken)
    {
        var path = Path.Combine(store.Data, FileName);
        var text = File.Exists(path) ? (await File.ReadAllTextAsync(path, cancellationToken)).Trim() : "";
        if (!text.StartsWith(ApiKeyRegistry.Prefix, StringComparison.Ordinal))
            await WriteAsync(path, text = ApiKeyRegistry.NewText(), cancellationToken);
        await keys.EnsureAsync("First key", text, cancellationToken);
        announce($"The first API key, also in {path}: {text}");
    }

    private static async Task WriteAsync(string path, string text, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        await using var writer = new StreamWriter(OwnerFile.Open(path, FileMode.Create));
        await writer.WriteLineAsync(text.AsMemory(), cancellationToken);
    }
}

/// <summary>Tells the operator something that must not be in a log.</summary>
internal delegate void Announce(string text);
