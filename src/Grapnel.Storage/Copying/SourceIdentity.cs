using System.Globalization;
using Grapnel.Storage.Sqlite;

namespace Grapnel.Storage.Copying;

/// <summary>Which embedded store it is, and in which state: a copy goes on only from the store that it began with, unchanged.</summary>
/// <param name="Store">The store: the random id of its first application.</param>
/// <param name="State">Its state: changes whenever anything is written to its files.</param>
internal sealed record SourceIdentity(string Store, string State)
{
    public static SourceIdentity Read(SqliteSession session, SqliteFiles files)
    {
        var select = session.Prepare("SELECT id FROM application ORDER BY id LIMIT 1");
        var store = select.Step() ? select.Id<Application>(0).ToString() : "empty";
        select.Reset();
        return new SourceIdentity(store, $"{StateOf(files.Database)} {StateOf(files.Wal)}");
    }

    // An empty log is none: reading may leave one behind.
    private static string StateOf(string file) => new FileInfo(file) is { Exists: true, Length: > 0 } info
        ? string.Create(CultureInfo.InvariantCulture, $"{info.Length}/{info.LastWriteTimeUtc.Ticks}")
        : "none";
}
