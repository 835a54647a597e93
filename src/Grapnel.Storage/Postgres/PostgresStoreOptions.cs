namespace Grapnel.Storage.Postgres;

/// <summary>Where PostgreSQL is, and how it is used. Section <c>Postgres</c>.</summary>
public sealed class PostgresStoreOptions
{
    /// <summary>
    /// The connection string, as Npgsql reads it, for example <c>Host=db;Database=grapnel;Username=grapnel;Password=…</c>. The user must be allowed
    /// to create tables in the database. PostgreSQL 14 or newer.
    /// </summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>Most connections of one process. Default 20; 5 to 500.</summary>
    public int MaxConnections { get; set; } = 20;

    /// <summary>How long a statement may take before it is given up and the store counts as unavailable. Default 5 s; 1 to 60 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How much time a partition of the history spans: what is older than retention wants is dropped partition by partition, so it may stay this much
    /// longer. Holds for partitions that are made from now on. Default 1 day; 1 hour to 31 days.
    /// </summary>
    public TimeSpan HistoryPartition { get; set; } = TimeSpan.FromDays(1);

    /// <summary>
    /// Whether a start makes or changes the tables where this version needs it. Otherwise it ends, and <c>grapnel migrate</c> is how it is done. Default
    /// true.
    /// </summary>
    public bool Migrate { get; set; } = true;
}
