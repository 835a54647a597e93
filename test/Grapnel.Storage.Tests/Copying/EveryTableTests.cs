using Grapnel.Storage.Copying;
using Grapnel.Storage.Postgres;
using Grapnel.Storage.Sqlite;
using Grapnel.Storage.Tests.Conformance;
using Grapnel.Storage.Tests.Postgres;
using Grapnel.Storage.Tests.Sqlite;

namespace Grapnel.Storage.Tests.Copying;

/// <summary>A table or column that is added later must be copied too, or be named as left out.</summary>
public sealed class EveryTableTests
{
    [Fact]
    public async Task Every_table_and_column_of_the_embedded_store_is_copied_or_named_as_left_out()
    {
        await using var store = await SqliteUnderTest.OpenAsync(new TestClock(StoreConformance.Start));
        await using var target = await PostgresUnderTest.OpenAsync(new TestClock(StoreConformance.Start));
        var forgotten = await store.Store.Readers.RunAsync(session => Read(session, "SELECT name FROM sqlite_master WHERE type = 'table'"), default);
        forgotten.RemoveAll(TableCopies.LeftOut.ContainsKey);
        foreach (var table in TableCopies.All)
        {
            if (!forgotten.Remove(table.Name))
                table.From.ShouldNotBe($"\"{table.Name}\"", "a table that is not one of the source says what it is read from");
            var columns = await store.Store.Readers.RunAsync(session => Read(session, $"SELECT name FROM pragma_table_info('{table.Name}')"), default);
            columns.RemoveAll(column => table.LeftOut.ContainsKey(column) || column == table.Packed?.Column || table.Expressions.Values.Contains(column));
            columns.Except(await TargetColumnsAsync(target.Store, table.Name)).ShouldBeEmpty($"columns of {table}");
        }
        forgotten.ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_table_of_the_target_is_filled_or_named_as_its_own()
    {
        await using var target = await PostgresUnderTest.OpenAsync(new TestClock(StoreConformance.Start));
        var tables = await target.Store.Database.ReadAsync(session => session.Prepare("""
            SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'first_application'
            """).RowsAsync(row => row.Text(0)), default);
        tables.Except(TableCopies.OfTargetAlone.Keys).ShouldBe(TableCopies.All.Select(table => table.Name), ignoreOrder: true);
    }

    private static Task<List<string>> TargetColumnsAsync(PostgresStore store, string table) => store.Database.ReadAsync(
        session => session.Prepare("SELECT column_name::text FROM information_schema.columns WHERE table_name = $1").Bind(table).RowsAsync(row => row.Text(0)), default);

    private static List<string> Read(SqliteSession session, string sql)
    {
        var names = new List<string>();
        var select = session.Prepare(sql);
        while (select.Step())
            names.Add(select.Text(0));
        return names;
    }
}
