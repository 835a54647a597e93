using System.Buffers;
using System.Globalization;
using Grapnel.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace Grapnel.Storage.Copying;

/// <summary>An embedded store that no server has open, for reading only: its files stay as they are. Used by one thread at a time.</summary>
internal sealed class CopySource : IDisposable
{
    private readonly FolderLock _lock;
    private readonly SqliteSession _session;
    private readonly string _folder;
    private readonly ArrayBufferWriter<byte> _cursor = new();

    private CopySource(FolderLock held, SqliteSession session, SqliteFiles files)
    {
        (_lock, _session, _folder) = (held, session, files.Folder);
        Identity = SourceIdentity.Read(session, files);
    }

    /// <summary>Which store this is, and in which state.</summary>
    public SourceIdentity Identity { get; }

    /// <summary>Takes the folder until disposed.</summary>
    /// <exception cref="StoreOpenException">It cannot be copied as it is; says why.</exception>
    public static CopySource Open(string folder)
    {
        if (!File.Exists(Path.Combine(folder, "grapnel.db")))
            throw new StoreOpenException($"There is no store of Grapnel in {Path.GetFullPath(folder)}.");
        var files = SqliteFiles.In(folder);
        var held = FolderLock.Take(files.Folder);
        SqliteSession? session = null;
        try
        {
            files.RefuseWhatIsMissing(held.FollowsCrash);
            session = SqliteSession.Open(ToRead(files), SqliteOpenMode.ReadOnly, new SqliteStoreOptions());
            session.Execute("BEGIN");
            if (SqliteSchema.NeedsMigration(session, files))
                throw new StoreOpenException($"{files.Database} was written by an older version of Grapnel. Start this version on it once, or run "
                    + $"'grapnel migrate --store sqlite:{folder}'; then copy it.");
            return new CopySource(held, session, files);
        }
        catch (Exception error)
        {
            session?.Dispose();
            held.Dispose();
            if (error is StoreOpenException)
                throw;
            throw new StoreOpenException($"The database {files.Database} cannot be opened: {SqliteErrors.Describe(error)}", error);
        }
    }

    /// <summary>The number of rows of the source that a table is read from.</summary>
    public long Count(TableCopy table) => _session.Prepare($"SELECT count(*) FROM {table.From} WHERE {table.Where}").RunInt64();

    /// <summary>The keys that are beside the database.</summary>
    public IReadOnlyList<KeyRingEntry> ReadKeyRing()
    {
        var folder = new SqliteStoreOptions { Data = _folder }.KeyRingFolder;
        return Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder, "*.xml").Select(file => new KeyRingEntry(Path.GetFileNameWithoutExtension(file), File.ReadAllText(file)))]
            : [];
    }

    /// <summary>The last place given out, or the highest in use, should that be higher.</summary>
    public long LastPlace() => _session.Prepare("""
        SELECT max(coalesce((SELECT value FROM counter WHERE name = 'seq'), 0), coalesce((SELECT max(n) FROM message), 0),
            coalesce((SELECT max(seq) FROM delivery), 0))
        """).RunInt64();

    /// <summary>The time of the first and the last message that anything is kept of; null where there is none.</summary>
    public (DateTimeOffset First, DateTimeOffset Last)? HistoryRange()
    {
        var select = _session.Prepare("""
            SELECT min(first), max(last) FROM (
                SELECT min(id) AS first, max(id) AS last FROM message
                UNION ALL SELECT (SELECT min(message_id) FROM attempt), (SELECT max(message_id) FROM attempt)
                UNION ALL SELECT (SELECT min(message_id) FROM finished_delivery), (SELECT max(message_id) FROM finished_delivery))
            """);
        select.Step();
        var range = select.IsNull(0) ? default((DateTimeOffset, DateTimeOffset)?) : (TimeOf(select.Id<Message>(0)), TimeOf(select.Id<Message>(1)));
        select.Reset();
        return range;
    }

    /// <summary>Reads the rows that follow a cursor.</summary>
    /// <param name="table">The table.</param>
    /// <param name="columns">The columns of the target.</param>
    /// <param name="after">The cursor; null to begin.</param>
    /// <param name="most">Most rows.</param>
    /// <param name="mostBytes">About how many bytes, after which the page ends before it has so many rows.</param>
    public CopyPage Read(TableCopy table, IReadOnlyList<CopyColumn> columns, byte[]? after, int most, long mostBytes)
    {
        var select = _session.Prepare(Select(table, columns, after is not null, most));
        if (after is not null)
            BindKey(select, after);
        var width = table.Packed is null ? columns.Count : 1;
        var (rows, changed, read, bytes) = (new List<object?[]>(), 0L, 0, 0L);
        while (bytes < mostBytes && select.Step())
        {
            var (rowChanged, before) = (false, rows.Count);
            if (table.Packed is { } packed)
                rows.AddRange(packed.Unpack(select.Blob(0).ToArray()));
            else
                rows.Add(ReadRow(select, columns, ref rowChanged));
            changed += rowChanged ? 1 : 0;
            bytes += rows.Skip(before).Sum(BytesOf);
            if (++read == most || bytes >= mostBytes)
                NoteKey(select, width, table.Key.Length);
        }
        if (read < most && bytes < mostBytes)
            return new CopyPage(rows, changed, null);
        select.Reset();
        return new CopyPage(rows, changed, _cursor.WrittenSpan.ToArray());
    }

    public void Dispose()
    {
        _session.Dispose();
        // The note of the last holder stays: whether it closed the store is still to be known.
        _lock.Dispose();
    }

    // Without a log there is nothing but the file. SQLite would make an empty log to read it, and could not remove that again.
    private static string ToRead(SqliteFiles files) =>
        new FileInfo(files.Wal) is { Exists: true, Length: > 0 } ? files.Database : new Uri(files.Database).AbsoluteUri + "?immutable=1";

    private static string Select(TableCopy table, IReadOnlyList<CopyColumn> columns, bool goesOn, int most)
    {
        var read = table.Packed is { } packed ? [packed.Column]
            : columns.Select(column => table.Expressions.GetValueOrDefault(column.Name) ?? $"\"{column.Name}\"");
        var key = string.Join(", ", table.Key.Select(Quote));
        var behind = goesOn ? $"AND ({key}) > ({string.Join(", ", table.Key.Select(_ => "?"))})" : "";
        return $"SELECT {string.Join(", ", read)}, {key} FROM {table.From} WHERE {table.Where} {behind} ORDER BY {key} LIMIT {most.ToString(CultureInfo.InvariantCulture)}";
    }

    private static string Quote(string column) => column.Contains('.', StringComparison.Ordinal) ? column : $"\"{column}\"";

    private static object?[] ReadRow(Statement row, IReadOnlyList<CopyColumn> columns, ref bool changed)
    {
        var values = new object?[columns.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = columns[i].Read(row, i, ref changed);
        return values;
    }

    private static long BytesOf(object?[] row) => row.Sum(value => value switch { string text => text.Length, byte[] blob => blob.Length, _ => (long)sizeof(long) });

    private static DateTimeOffset TimeOf(Id<Message> id) => DateTimeOffset.FromUnixTimeMilliseconds((long)(id.Value >> 80));

    // As the source holds it, not as the target does: it is the source that is asked for what follows.
    private void NoteKey(Statement row, int column, int width)
    {
        var key = new object?[width];
        for (var i = 0; i < width; i++)
            key[i] = row.Value(column + i);
        _cursor.ResetWrittenCount();
        RowBytes.Write(_cursor, key);
    }

    private static void BindKey(Statement select, byte[] cursor)
    {
        foreach (var value in RowBytes.Read(cursor))
            _ = value switch
            {
                long number => select.Bind(number),
                string text => select.Bind(text),
                byte[] blob => select.Bind((ReadOnlySpan<byte>)blob),
                _ => throw new StoreOpenException("The table copy_progress of the target is damaged. Use an empty database."),
            };
    }
}
