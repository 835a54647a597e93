namespace Grapnel.Server.Hosting;

/// <summary>The process itself. These settings stand at the root, without a section.</summary>
internal sealed class ServerOptions
{
    /// <summary>Addresses to listen on, separated by semicolons. Default <c>http://127.0.0.1:8000</c>.</summary>
    public string Urls { get; set; } = "http://127.0.0.1:8000";

    /// <summary>Where everything is kept. Default <see cref="StoreKind.Sqlite"/>.</summary>
    public StoreKind Store { get; set; }

    /// <summary>Where lanes, due times and attempt counts are kept while deliveries are pending. Default <see cref="QueueKind.Store"/>.</summary>
    public QueueKind Queue { get; set; }

    /// <summary>An API key that works from the start, at least 20 characters. Default none: the first start makes one.</summary>
    public string? ApiKey { get; set; }
}

/// <summary>A back-end.</summary>
internal enum StoreKind
{
    /// <summary>SQLite inside of this process, in one folder: nothing else is needed.</summary>
    Sqlite,

    /// <summary>A PostgreSQL database, which any number of processes share.</summary>
    Postgres,
}

/// <summary>Where the churn of deliveries goes.</summary>
internal enum QueueKind
{
    /// <summary>Into the store itself.</summary>
    Store,

    /// <summary>Into Redis, in front of the store, which stays the truth.</summary>
    Redis,
}
