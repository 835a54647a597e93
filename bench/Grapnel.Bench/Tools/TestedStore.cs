using System.Globalization;
using Grapnel.Testing;
using Npgsql;

namespace Grapnel.Bench.Tools;

/// <summary>Which back-end the servers under test use.</summary>
internal enum StoreChoice
{
    /// <summary>The embedded one.</summary>
    Sqlite,

    /// <summary>A PostgreSQL server of the benchmark's own, on the same machine, as durable as it is by default.</summary>
    Postgres,

    /// <summary>The embedded one with Redis in front of it, which keeps nothing on disk.</summary>
    SqliteRedis,

    /// <summary>The PostgreSQL server with Redis in front of it, which keeps nothing on disk.</summary>
    PostgresRedis,
}

/// <summary>A store of a server under test, asked from outside of the server: what is committed there is durable, whatever the server believes.</summary>
internal abstract class TestedStore
{
    /// <summary>What the server has to be told to use it.</summary>
    public abstract IEnumerable<(string Name, string Value)> Environment { get; }

    /// <summary>Deliveries that are still to be done.</summary>
    public abstract long Pending { get; }

    /// <summary>The database behind it, where there is one.</summary>
    public virtual TestedPostgres? Database => null;
}

/// <summary>The embedded store in a folder.</summary>
internal sealed class TestedSqlite(string folder) : TestedStore
{
    public override IEnumerable<(string Name, string Value)> Environment => [];

    public override long Pending => StoreWitness.Pending(folder);
}

/// <summary>A database of a PostgreSQL server.</summary>
internal sealed class TestedPostgres(PostgresServer server, string database) : TestedStore
{
    private readonly string _connection = server.ConnectionString(database) + ";Pooling=true;Maximum Pool Size=1;Application Name=witness";

    public override IEnumerable<(string Name, string Value)> Environment =>
        [("GRAPNEL_STORE", "postgres"), ("GRAPNEL_POSTGRES__CONNECTION_STRING", server.ConnectionString(database))];

    public override TestedPostgres Database => this;

    public override long Pending => Ask("SELECT coalesce(sum(value), 0)::bigint FROM pending_part");

    /// <summary>Statements that were run in this database so far, the witness's own left out.</summary>
    public long Statements => Ask("""
        SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
        WHERE d.datname = current_database() AND s.query NOT LIKE '%pending_part)%' AND s.query NOT LIKE '%pg_stat_statements%'
            AND s.query !~* '^(begin|commit|rollback|discard|set|show)'
        """);

    /// <summary>CPU time of all processes of the server.</summary>
    public TimeSpan Cpu => ProcFs.CpuOfTree(server.ProcessId);

    private long Ask(string sql)
    {
        using var connection = new NpgsqlConnection(_connection);
        connection.Open();
        using var command = new NpgsqlCommand(sql, connection);
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }
}

/// <summary>A store with Redis in front of it.</summary>
internal sealed class TestedRedis(TestedStore behind, RedisServer redis, string prefix) : TestedStore
{
    public override IEnumerable<(string Name, string Value)> Environment =>
        [.. behind.Environment, ("GRAPNEL_QUEUE", "redis"), ("GRAPNEL_REDIS__CONNECTION_STRING", redis.ConnectionString), ("GRAPNEL_REDIS__KEY_PREFIX", prefix)];

    public override long Pending => behind.Pending;

    public override TestedPostgres? Database => behind.Database;
}
