namespace Grapnel.Storage.Sqlite;

/// <summary>Where and how the embedded store keeps its data. Section <c>Store</c>.</summary>
public sealed class SqliteStoreOptions
{
    /// <summary>The folder that holds the data; one process at a time. Not on a network file system. Default <c>./grapnel-data</c>.</summary>
    public string Data { get; set; } = "./grapnel-data";

    /// <summary>Where the key ring is unless a setting says otherwise: beside the database.</summary>
    public string KeyRingFolder => Path.Combine(Data, "key-ring");

    /// <summary>How a commit is made durable. Default <see cref="SqliteSynchronous.Full"/>.</summary>
    public SqliteSynchronous Synchronous { get; set; } = SqliteSynchronous.Full;

    /// <summary>See <see cref="IdempotencyIndex.RunLength"/>; tests choose a shorter one.</summary>
    internal int IdempotencyRunLength { get; init; } = IdempotencyIndex.RunLength;
}

/// <summary>SQLite's <c>synchronous</c> setting, of which two values make sense with a write-ahead log.</summary>
public enum SqliteSynchronous
{
    /// <summary>Every commit reaches the disk before it is answered: an accepted message survives power loss.</summary>
    Full,

    /// <summary>Commits reach the disk at the next checkpoint: they survive the death of the process, but power loss may take the latest ones.</summary>
    Normal,
}
