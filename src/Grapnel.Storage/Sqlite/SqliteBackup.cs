using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Grapnel.Storage.Sqlite;

/// <summary>Where a backup has come to.</summary>
/// <param name="Checks">Whether what was copied is being checked.</param>
/// <param name="Bytes">Bytes of the database that are copied.</param>
/// <param name="Total">Bytes of the database.</param>
public readonly record struct BackupProgress(bool Checks, long Bytes, long Total);

/// <summary>
/// Copies a data folder while a server works on it, or while none does. What is copied is the state of one moment. Nothing waits for the copy; the
/// server's log cannot be cut back as long as it reads, so it gives up when the log grows beyond a limit.
/// </summary>
public sealed class SqliteBackup
{
    private const string Unfinished = ".unfinished-";

    private readonly SqliteFiles _files;
    private readonly string _target;

    /// <summary>A backup to be made.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="target">A folder that does not exist, or is empty.</param>
    /// <exception cref="StoreOpenException">There is no store, or the target cannot take it; says why.</exception>
    public SqliteBackup(string folder, string target)
    {
        if (!File.Exists(Path.Combine(folder, "grapnel.db")))
            throw new StoreOpenException($"There is no store of Grapnel in {Path.GetFullPath(folder)}.");
        _files = SqliteFiles.In(folder);
        _target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target));
        if (IsWithin(_target, _files.Folder))
            throw new StoreOpenException($"{_target} is within the data folder. Choose a place outside, on another disk if there is one.");
        if (File.Exists(_target) || (Directory.Exists(_target) && Directory.EnumerateFileSystemEntries(_target).Any()))
            throw new StoreOpenException($"{_target} is there already, and nothing is overwritten. Name a new folder.");
    }

    /// <summary>Bytes by which the write-ahead log of the server may grow meanwhile. Default 4 GiB.</summary>
    public long MostLogBytes { get; init; } = 4L << 30;

    /// <summary>Told of progress, often, on the thread that copies.</summary>
    public Action<BackupProgress> Told { get; init; } = _ => { };

    /// <summary>Pages to copy before looking up.</summary>
    internal int PagesPerStep { get; init; } = 2048;

    /// <summary>Makes it: under another name until it is complete and checked. Blocks.</summary>
    /// <returns>Bytes of the copied database.</returns>
    /// <exception cref="StoreOpenException">It could not be made, and nothing is left of it; says why.</exception>
    public long Run(CancellationToken cancel)
    {
        var work = new DirectoryInfo($"{_target}{Unfinished}{Environment.ProcessId}");
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_target)!);
            var files = SqliteFiles.In(work.FullName);
            RefuseSmallDisk(work);
            CopyDatabase(files.Database, cancel);
            Check(files.Database, cancel);
            // After the database: keys only ever come to it, so these fit whatever in it was encrypted with them.
            CopyOthers(new DirectoryInfo(_files.Folder), work);
            if (Directory.Exists(_target))
                Directory.Delete(_target);
            work.MoveTo(_target);
            return new FileInfo(Path.Combine(_target, Path.GetFileName(_files.Database))).Length;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or SqliteException)
        {
            cancel.ThrowIfCancellationRequested();
            throw new StoreOpenException($"The backup could not be made: {SqliteErrors.Describe(error)}", error);
        }
        finally
        {
            if (Directory.Exists($"{_target}{Unfinished}{Environment.ProcessId}"))
                Directory.Delete($"{_target}{Unfinished}{Environment.ProcessId}", recursive: true);
        }
    }

    private void RefuseSmallDisk(DirectoryInfo work)
    {
        var needed = new FileInfo(_files.Database).Length + LogBytes();
        var free = new DriveInfo(work.FullName).AvailableFreeSpace;
        if (free < needed)
            throw new StoreOpenException($"The backup needs {needed >> 20} MiB, and {Path.GetDirectoryName(_target)} has {free >> 20} MiB free.");
    }

    private void CopyDatabase(string file, CancellationToken cancel)
    {
        using var source = SqliteSession.Open(_files.Database, SqliteOpenMode.ReadOnly, new SqliteStoreOptions());
        SqliteSchema.NeedsMigration(source, _files);
        // A snapshot of its own: otherwise every commit of the server would begin the copy anew.
        source.Execute("BEGIN; SELECT 1 FROM sqlite_master LIMIT 1");
        using (var copy = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString()))
        {
            copy.Open();
            // What is cut off is thrown away as a whole, so nothing of it needs a journal.
            SqliteException.ThrowExceptionForRC(raw.sqlite3_exec(copy.Handle, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF"), copy.Handle);
            CopyPages(source, copy.Handle!, cancel);
        }
        using var written = new FileStream(file, FileMode.Open, FileAccess.ReadWrite);
        written.Flush(flushToDisk: true);
    }

    private void CopyPages(SqliteSession source, sqlite3 copy, CancellationToken cancel)
    {
        var page = source.Prepare("PRAGMA page_size").RunInt64();
        var log = LogBytes();
        using var backup = raw.sqlite3_backup_init(copy, "main", source.Handle, "main");
        if (backup.IsInvalid)
            SqliteException.ThrowExceptionForRC(raw.sqlite3_errcode(copy), copy);
        int result;
        do
        {
            cancel.ThrowIfCancellationRequested();
            if (LogBytes() - log > MostLogBytes)
                throw new StoreOpenException(
                    $"While the database was read its log grew by more than {MostLogBytes >> 20} MiB. Try again when less is written, write to a faster disk, or allow more.");
            result = raw.sqlite3_backup_step(backup, PagesPerStep);
            if (result is not (raw.SQLITE_OK or raw.SQLITE_DONE))
                SqliteException.ThrowExceptionForRC(result, copy);
            var total = raw.sqlite3_backup_pagecount(backup);
            Told(new BackupProgress(Checks: false, (total - raw.sqlite3_backup_remaining(backup)) * page, total * page));
        }
        while (result != raw.SQLITE_DONE);
    }

    // As a file that nobody writes: so it gets no log beside it.
    private void Check(string file, CancellationToken cancel)
    {
        var bytes = new FileInfo(file).Length;
        Told(new BackupProgress(Checks: true, 0, bytes));
        using var session = SqliteSession.Open(new Uri(file).AbsoluteUri + "?immutable=1", SqliteOpenMode.ReadOnly, new SqliteStoreOptions());
        using var interrupted = cancel.Register(() => raw.sqlite3_interrupt(session.Handle));
        if (SqliteIntegrity.FirstFault(session) is { } fault)
            throw new StoreOpenException($"The copy is damaged, and so perhaps is the database: {fault}. 'grapnel doctor' tells more.");
        Told(new BackupProgress(Checks: true, bytes, bytes));
    }

    // Whatever else is kept in the folder belongs to it, but not what says who has it open.
    private void CopyOthers(DirectoryInfo from, DirectoryInfo to)
    {
        foreach (var file in from.EnumerateFiles().Where(file => !IsOfTheProcess(file)))
            file.CopyTo(Path.Combine(to.FullName, file.Name));
        foreach (var folder in from.EnumerateDirectories())
            CopyOthers(folder, Directory.CreateDirectory(Path.Combine(to.FullName, folder.Name)));
    }

    private bool IsOfTheProcess(FileInfo file) => file.DirectoryName == _files.Folder
        && (file.FullName.StartsWith(_files.Database, StringComparison.Ordinal) || file.Name.StartsWith("grapnel.lock", StringComparison.Ordinal));

    private long LogBytes() => new FileInfo(_files.Wal) is { Exists: true } log ? log.Length : 0;

    private static bool IsWithin(string path, string folder) =>
        path == folder || path.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
