using System.Diagnostics;
using System.Reflection;
using Grapnel.Storage.Postgres;
using Grapnel.Storage.Sqlite;
using Npgsql;

namespace Grapnel.Server.Hosting;

/// <summary>What there is to tell of this process.</summary>
internal sealed class ServerFacts(ServerOptions server, SqliteStoreOptions sqlite, PostgresStoreOptions postgres, TimeProvider time)
{
    /// <summary>The version of Grapnel.</summary>
    public static string Version { get; } =
        typeof(ServerFacts).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    /// <summary>When the process was started.</summary>
    public DateTimeOffset StartedAt { get; } = time.GetUtcNow() - Age();

    /// <summary>Where everything is kept, without secrets: the data folder, or the database.</summary>
    public string Place { get; } = server.Store == StoreKind.Postgres ? NameOf(postgres.ConnectionString) : Path.GetFullPath(sqlite.Data);

    /// <summary>Bytes that the data folder takes; null when that cannot be told.</summary>
    public long? ReadSize()
    {
        try
        {
            return server.Store == StoreKind.Sqlite ? new DirectoryInfo(Place).EnumerateFiles().Sum(file => file.Length) : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>A database for people: without a password.</summary>
    public static string NameOf(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        return $"PostgreSQL database {settings.Database} at {settings.Host}:{settings.Port}";
    }

    private static TimeSpan Age()
    {
        using var process = Process.GetCurrentProcess();
        return TimeProvider.System.GetUtcNow() - process.StartTime.ToUniversalTime();
    }
}
