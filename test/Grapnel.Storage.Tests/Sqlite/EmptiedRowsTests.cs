using Grapnel.Storage.Sqlite;

namespace Grapnel.Storage.Tests.Sqlite;

/// <summary>Rows that lose their content are put back; a column that is added later must not be lost on the way.</summary>
public sealed class EmptiedRowsTests : SqliteTests
{
    [Fact]
    public async Task A_message_without_its_payload_keeps_every_other_column() => await KeepsAllButAsync(
        "message", ["payload", "content_expires_at"], ["id", "application_id", "owed"], session => SqliteDeliveryStore.RemovePayload(session, 1));

    [Fact]
    public async Task An_attempt_without_its_content_keeps_every_other_column() => await KeepsAllButAsync(
        "attempt", ["response_body", "headers"], ["message_id", "id", "application_id", "endpoint_id"],
        session => SqliteHistoryStore.Empty(session, default, default));

    [Theory]
    [InlineData(300)]
    [InlineData(9_000)]
    public async Task The_room_of_payloads_that_were_removed_is_free_for_others(int bytes)
    {
        await Store.Gate.RunAsync(session =>
        {
            for (var n = 1; n <= 2_000; n++)
                session.Prepare("""
                    INSERT INTO message (n, id, application_id, event_type, content_type, accepted_at, route_version, owed, payload)
                    VALUES (?1, zeroblob(8) || CAST(printf('%08d', ?1) AS BLOB), zeroblob(16), 'e', 'c', 1, 1, x'', zeroblob(?2))
                    """).Bind(n).Bind(bytes).Run();
            return true;
        });
        var full = await PagesInUseAsync();

        await Store.Gate.RunAsync(session =>
        {
            for (var n = 1; n <= 2_000; n++)
                SqliteDeliveryStore.RemovePayload(session, n);
            return true;
        });

        (full - await PagesInUseAsync()).ShouldBeGreaterThan(2_000L * bytes / 4096 * 9 / 10);
    }

    private async Task KeepsAllButAsync(string table, string[] lost, string[] ids, Action<SqliteSession> empty)
    {
        var (before, after) = await Store.Gate.RunAsync(session =>
        {
            var columns = Read(session, $"SELECT name || ' ' || type FROM pragma_table_info('{table}')");
            var values = columns.Select((column, i) => column.Split(' ') switch
            {
                [var name, _] when ids.Contains(name) => "zeroblob(16)",
                ["n", _] => "1",
                [_, "TEXT"] => $"'text {i}'",
                [_, "BLOB"] => $"x'{i:x2}'",
                _ => $"{i}",
            });
            session.Execute($"INSERT INTO {table} VALUES ({string.Join(", ", values)})");
            var kept = string.Join(" || ' ' || ", columns.Select(column => column.Split(' ')[0]).Except(lost).Select(column => $"'{column} ' || hex(\"{column}\")"));
            var before = Read(session, $"SELECT {kept} FROM {table}");
            empty(session);
            Read(session, $"SELECT coalesce(hex({lost[0]}), '') || coalesce(hex({lost[1]}), '') FROM {table}").ShouldBe([""]);
            return (before, Read(session, $"SELECT {kept} FROM {table}"));
        });
        after.ShouldBe(before);
    }

    private async Task<long> PagesInUseAsync() => await Store.Gate.RunAsync(session =>
        session.Prepare("SELECT page_count FROM pragma_page_count()").RunInt64() - session.Prepare("SELECT freelist_count FROM pragma_freelist_count()").RunInt64());

    private static List<string> Read(SqliteSession session, string sql) => [.. SqliteHistoryStore.ReadAll(session.Prepare(sql), row => row.Text(0))];
}
