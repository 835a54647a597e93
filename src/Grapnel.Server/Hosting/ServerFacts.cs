using System.Diagnostics;
using System.Reflection;
using Grapnel.Storage.Sqlite;

namespace Grapnel.Server.Hosting;

/// <summary>What there is to tell of this process.</summary>
internal sealed class ServerFacts(SqliteStoreOptions store, TimeProvider time)
{
    /// <summary>The version of Grapnel.</summary>
    public static string Version { get; } =
        typeof(ServerFacts).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    /// <summary>When the process was started.</summary>
    public DateTimeOffset StartedAt { get; } = time.GetUtcNow() - Age();

    /// <summary>The data folder.</summary>
    public string Folder { get; } = Path.GetFullPath(store.Data);

    /// <summary>Bytes that the data folder takes; null when that cannot be told.</summary>
    public long? ReadSize()
    {
        try
        {
            return new DirectoryInfo(Folder).EnumerateFiles().Sum(file => file.Length);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static TimeSpan Age()
    {
        using var process = Process.GetCurrentProcess();
        return TimeProvider.System.GetUtcNow() - process.StartTime.ToUniversalTime();
    }
}
