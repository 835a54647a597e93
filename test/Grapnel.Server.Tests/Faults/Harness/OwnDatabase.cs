using Grapnel.Testing;

namespace Grapnel.Server.Tests.Faults.Harness;

/// <summary>Where a server keeps everything.</summary>
public enum BackEnd
{
    Sqlite,
    Postgres,

    /// <summary>SQLite with Redis as the queue.</summary>
    SqliteRedis,

    /// <summary>PostgreSQL with Redis as the queue.</summary>
    PostgresRedis,
}

/// <summary>A new database, which goes away with whoever made it.</summary>
internal sealed class OwnDatabase : IAsyncDisposable
{
    private readonly PostgresServer _server;
    private readonly string _name;

    private OwnDatabase(PostgresServer server, string name) => (_server, _name) = (server, name);

    /// <summary>The settings of a server that works on it.</summary>
    public (string Name, string Value)[] Settings =>
        [("GRAPNEL_STORE", "postgres"), ("GRAPNEL_POSTGRES__CONNECTION_STRING", _server.ConnectionString(_name))];

    public static async Task<OwnDatabase> CreateAsync(PostgresServer server) => new(server, await server.CreateDatabaseAsync());

    /// <summary>A new database with what is in an archive of <c>pg_dump</c>.</summary>
    public static async Task<OwnDatabase> RestoreAsync(PostgresServer server, string archive) => new(server, await server.RestoreAsync(archive));

    public Task RunSqlAsync(string sql) => _server.RunSqlAsync(sql, _name);

    /// <summary>The numbers that a query finds in its first column.</summary>
    public Task<IReadOnlyList<long>> ReadNumbersAsync(string sql) => _server.ReadNumbersAsync(sql, _name);

    public async ValueTask DisposeAsync() => await _server.DropDatabaseAsync(_name);
}
