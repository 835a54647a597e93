namespace Grapnel.Storage.Sqlite;

/// <summary>The files of the store, and what must be there before it may be opened.</summary>
internal sealed record SqliteFiles(string Folder, string Database, string Wal)
{
    /// <summary>The files in a folder, which is made where it does not exist.</summary>
    public static SqliteFiles In(string folder)
    {
        var full = Path.GetFullPath(folder);
        try
        {
            CreatePrivate(full);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StoreOpenException($"The data folder {full} cannot be made: {error.Message}", error);
        }
        var database = Path.Combine(full, "grapnel.db");
        return new SqliteFiles(full, database, database + "-wal");
    }

    // Payloads and signing secrets are in there: a new folder is nobody else's business. One that exists is left as its owner set it.
    private static void CreatePrivate(string folder)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>
    /// SQLite makes a new database where it finds none, and takes a lost log for an empty one. Both would lose accepted messages
    /// without a word, so both are refused here.
    /// </summary>
    public void RefuseWhatIsMissing(bool followsCrash)
    {
        if (Directory.Exists(Database))
            throw new StoreOpenException($"{Database} is a folder; it must be the database file.");
        var (hasDatabase, hasWal) = (File.Exists(Database), File.Exists(Wal));
        if (!hasDatabase && (hasWal || followsCrash))
            throw new StoreOpenException(
                $"{Database} is missing, but files beside it belong to it. Put it back; or, to start anew, empty the folder {Folder}.");
        if (hasDatabase && new FileInfo(Database).Length == 0 && !hasWal)
            throw new StoreOpenException($"{Database} is empty. Put the database back; or, to start anew, empty the folder {Folder}.");
        if (hasDatabase && !hasWal && followsCrash)
            throw new StoreOpenException(
                $"{Wal} is missing. The last process did not close the store, so that file may hold messages it accepted. Put it back; "
                + $"or, to go on without them, remove {Path.Combine(Folder, "grapnel.lock.json")}.");
    }
}
