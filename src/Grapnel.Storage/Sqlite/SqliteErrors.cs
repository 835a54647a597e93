using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Grapnel.Storage.Sqlite;

/// <summary>Tells errors of the disk and the file from errors of a statement.</summary>
internal static class SqliteErrors
{
    /// <summary>Whether the store, rather than the work, is at fault. EF wraps what SQLite throws, so inner exceptions count too.</summary>
    public static bool IsStorageFailure(Exception error) =>
        error is SqliteException { SqliteErrorCode: var code } ? IsStorageFailure(code)
            : error.InnerException is { } inner && IsStorageFailure(inner);

    /// <summary>The failure as callers see it.</summary>
    public static StoreUnavailableException Unavailable(Exception error) =>
        new($"The store cannot be used just now: {Describe(error)}", error);

    /// <summary>What is wrong, as a sentence for people.</summary>
    public static string Describe(Exception error) => error is not SqliteException sqlite
        ? error.InnerException is { } inner ? Describe(inner) : error.Message
        : sqlite.SqliteErrorCode switch
    {
        raw.SQLITE_FULL => "the disk is full.",
        raw.SQLITE_READONLY => "the database file is read-only.",
        raw.SQLITE_IOERR => "the disk reports an input/output error.",
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => "the database file is damaged.",
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => "another process holds the database.",
        raw.SQLITE_CANTOPEN => "it cannot be opened or created; check the path and the permissions.",
        _ => sqlite.Message,
    };

    private static bool IsStorageFailure(int code) => code
        is raw.SQLITE_FULL or raw.SQLITE_IOERR or raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_PERM or raw.SQLITE_CORRUPT
        or raw.SQLITE_NOTADB or raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_NOMEM or raw.SQLITE_PROTOCOL;
}
