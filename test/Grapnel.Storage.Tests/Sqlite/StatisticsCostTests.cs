using Grapnel.Sending;
using SQLitePCL;

namespace Grapnel.Storage.Tests.Sqlite;

/// <summary>What the figures of the console cost to read, in steps of SQLite's machine and in pages, and what they cost the settle.</summary>
public sealed class StatisticsCostTests : SqliteTests
{
    private const int Endpoints = 1_000;
    private static readonly TroubleRule Rule = new(5, TimeSpan.FromMinutes(1));
    private static readonly TimeSpan Month = TimeSpan.FromDays(30);

    [Fact]
    public async Task Thirty_days_of_the_installation_are_a_seek_per_hour_however_many_endpoints_had_data_in_it()
    {
        await FillHoursAsync();
        var until = Clock.GetUtcNow();
        await TakeCostAsync();

        var spans = (await Store.Statistics.SumAsync([RollupScope.Installation], until - Month, until, TimeSpan.FromHours(12), default)).Single();
        var (steps, pages) = await TakeCostAsync();

        spans.Sum(span => span.Sum.Succeeded).ShouldBe(720 * Endpoints);
        spans.Sum(span => span.Sum.Durations.Count).ShouldBe(720 * 4);
        // A step takes some ten nanoseconds, a page that the system has at hand a few microseconds: together some five milliseconds.
        steps.ShouldBeLessThan(720 * 25);
        pages.ShouldBeLessThan(720 * 2);
    }

    [Fact]
    public async Task The_lines_of_a_page_of_endpoints_are_a_seek_per_endpoint_and_hour()
    {
        await FillHoursAsync();
        var until = Clock.GetUtcNow();
        var scopes = Enumerable.Range(1, 50).Select(n => new RollupScope((UInt128)n * 20)).ToList();
        await TakeCostAsync();

        var series = await Store.Statistics.SumAsync(scopes, until - TimeSpan.FromDays(1), until, TimeSpan.FromHours(1), default);

        series.ShouldAllBe(spans => spans.Count == 24);
        (await TakeCostAsync()).Steps.ShouldBeLessThan(50 * 24 * 25);
    }

    [Fact]
    public async Task What_is_in_trouble_is_found_without_a_look_at_what_is_not()
    {
        await AcceptAsync(Ids.Next<Endpoint>(), 10);
        await FillEndpointsAsync(first: 1, count: 40, failing: true);
        await ReadTroubleAsync();
        var (few, _) = await ReadTroubleAsync();
        await FillEndpointsAsync(first: 1_000, count: 20_000, failing: false);
        await AcceptAsync(Ids.Next<Endpoint>(), 20_000);

        (await ReadTroubleAsync()).Steps.ShouldBeLessThan(few * 5 / 4);
    }

    [Fact]
    public async Task A_settle_writes_the_same_rows_however_many_attempts_it_brings()
    {
        var lanes = Enumerable.Range(0, 3).Select(_ => Ids.Next<Endpoint>()).ToArray();
        await SettleAsync(lanes, each: 1);
        await TakeRollupStepsAsync();
        await SettleAsync(lanes, each: 1);
        var few = await TakeRollupStepsAsync();

        await SettleAsync(lanes, each: 300);

        (await TakeRollupStepsAsync()).ShouldBe(few);
        // Three endpoints, one application and the total, by minute and by hour.
        (await Store.Gate.RunAsync(session => session.Prepare("SELECT count(*) FROM rollup").RunInt64())).ShouldBe(5 * 2);
    }

    [Fact]
    public async Task Messages_cost_no_statement_for_being_counted()
    {
        await AcceptAsync(Ids.Next<Endpoint>(), 100);

        (await Store.Gate.RunAsync(session => session.Prepare("SELECT count(*) FROM rollup").RunInt64())).ShouldBe(0);
    }

    private async Task<(long Steps, long Pages)> ReadTroubleAsync()
    {
        await Store.Statistics.CountEndpointsAsync(Rule, default);
        (await Store.Statistics.ReadTroubledAsync(Rule, null, 20, default)).Count.ShouldBe(20);
        return await TakeCostAsync();
    }

    // Rows of every hour of 30 days for the installation and each of the endpoints, whose ids are 1, 2, 3 …
    private Task<int> FillHoursAsync() => Store.Gate.RunAsync(session => session.Prepare("""
        WITH RECURSIVE
            hour (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM hour WHERE n < 720),
            scope (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM scope WHERE n < ?)
        INSERT INTO rollup (width, start, scope, accepted, succeeded, failed, retried, given_up, cancelled, duration_ms, max_duration_ms, durations)
        SELECT 60, ? - hour.n * 3600000, CAST(zeroblob(14) || unhex(printf('%04x', scope.n)) AS BLOB), 0, iif(scope.n, 1, ?), 0, 0, 0, 0, 9, 9, x'0604'
        FROM hour CROSS JOIN scope
        """).Bind(Endpoints).Bind(Clock.GetUtcNow().ToUnixTimeMilliseconds()).Bind(Endpoints).Run());

    private Task<int> FillEndpointsAsync(int first, int count, bool failing) => Store.Gate.RunAsync(session =>
    {
        session.Prepare("""
            WITH RECURSIVE n (n) AS (SELECT ? UNION ALL SELECT n + 1 FROM n LIMIT ?)
            INSERT INTO endpoint (id, application_id, url, description, enabled, secrets, headers, metadata, ordered, on_exhausted, version, created_at, updated_at)
            SELECT CAST(zeroblob(14) || unhex(printf('%04x', n)) AS BLOB), ?, 'https://a.example', '', 1, '[]', '{}', '{}', 0, 0, 1, 1, 1 FROM n
            """).Bind(first).Bind(count).Bind(Tenant).Run();
        return session.Prepare("""
            INSERT INTO endpoint_health (endpoint_id, failing_since, failures, paused_until)
            SELECT id, ?, 0, 0 FROM endpoint WHERE id >= ?
            """).Bind(failing ? 1L : default(long?)).Bind(new Id<Endpoint>((UInt128)first)).Run();
    });

    private async Task SettleAsync(Id<Endpoint>[] lanes, int each)
    {
        var items = lanes.SelectMany(lane => Enumerable.Range(0, each).Select(_ => new AcceptItem(NewMessage(), [lane], null))).ToList();
        var receipts = (await Store.Deliveries.AcceptAsync(new AcceptBatch(Node, items, []), default)).Receipts;
        var settlements = items.Zip(receipts, (item, receipt) => new Settlement(
            new Attempt
            {
                Id = Ids.Next<Attempt>(), ApplicationId = Tenant, EndpointId = item.Endpoints[0], MessageId = item.Message.Id, Url = "https://a.example",
                StartedAt = Clock.GetUtcNow(), DurationMs = 5, Outcome = SendOutcome.Success, Number = 1, StatusCode = 200,
            },
            receipt.Seqs.Span[0], Trigger.Scheduled, DeliveryEnd.Delivered, 0, 1));
        (await Store.Deliveries.SettleAsync(new SettleBatch(Node, [.. settlements], [], []), default)).ShouldBeTrue();
    }

    private Task<long> TakeRollupStepsAsync() => Store.Gate.RunAsync(session => session.Statements
        .Where(statement => statement.Key.Contains("rollup", StringComparison.Ordinal)).Sum(statement => (long)statement.Value.TakeVmSteps()));

    private Task<(long Steps, long Pages)> TakeCostAsync() => Store.Readers.RunAsync(session =>
    {
        raw.sqlite3_db_status(session.Handle, raw.SQLITE_DBSTATUS_CACHE_MISS, out var pages, out _, 1);
        return (session.Statements.Values.Sum(statement => (long)statement.TakeVmSteps()), (long)pages);
    }, default);
}
