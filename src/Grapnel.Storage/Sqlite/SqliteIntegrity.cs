namespace Grapnel.Storage.Sqlite;

/// <summary>Has SQLite look at every page and every index entry of a database.</summary>
internal static class SqliteIntegrity
{
    /// <summary>The first thing that is wrong, as SQLite says it; null when nothing is.</summary>
    public static string? FirstFault(SqliteSession session)
    {
        var check = session.Prepare("PRAGMA integrity_check(1)");
        var found = check.Step() ? check.Text(0) : "the check said nothing";
        check.Reset();
        return found == "ok" ? null : found;
    }
}
