using Grapnel.Storage.Postgres;

namespace Grapnel.Storage.Tests.Postgres;

/// <summary>
/// What figures cost, in pages that are looked at: as much with a long backlog, many endpoints and a long history as without. Pages are what does not
/// depend on how busy the machine is.
/// </summary>
public sealed class FiguresCostTests : PostgresTests
{
    [Fact]
    public async Task Lanes_and_the_backlog_cost_the_same_however_much_is_pending()
    {
        await using var store = await OpenWithOneConnectionAsync();
        var lanes = Enumerable.Range(0, 10).Select(_ => Ids.Next<Endpoint>()).ToArray();
        for (var i = 0; i < 3; i++)
            await PublishAsync(lanes);
        // More than is ever counted of a lane.
        await FillLanesAsync(store, lanes, 0, 1_000);
        var verbs = new Dictionary<string, Func<Task>>
        {
            ["backlog"] = () => store.History.ReadBacklogAsync(default),
            ["count of a lane"] = () => store.History.CountPendingAsync(lanes[0], 100, default),
            ["list of lanes"] = () => store.History.ListLanesAsync(null, new PageRequest(), default),
            ["list of lanes, turned round"] = () => store.History.ListLanesAsync(null, new PageRequest(Descending: true), default),
            ["count of all"] = () => store.Statistics.CountPendingAsync(default),
            ["prune"] = () => store.History.PruneAsync(Conformance.StoreConformance.Start, Behind, 100, default),
            ["expire"] = () => store.History.ExpireContentAsync(null, 100, default),
        };

        await ShouldCostTheSameAsync(store, verbs, slack: 150, () => FillLanesAsync(store, lanes, 1_000, 8_000));
    }

    [Fact]
    public async Task Sums_cost_the_same_however_many_other_scopes_there_are()
    {
        await using var store = await OpenWithOneConnectionAsync();
        await FillRollupsAsync(store, "00000000-0000-0000-0000-000000000000");
        var (since, until) = (Conformance.StoreConformance.Start.AddDays(-5), Conformance.StoreConformance.Start);
        var verbs = new Dictionary<string, Func<Task>>
        {
            ["by minute"] = () => store.Statistics.SumAsync([RollupScope.Installation], until.AddHours(-2), until, TimeSpan.FromMinutes(1), default),
            ["by hour"] = () => store.Statistics.SumAsync([RollupScope.Installation], since, until, TimeSpan.FromHours(1), default),
            ["of an endpoint without any"] = () => store.History.SumRollupsAsync(Ids.Next<Endpoint>(), since, until, TimeSpan.FromDays(1), default),
        };

        await ShouldCostTheSameAsync(store, verbs, slack: 250, async () =>
        {
            for (var i = 0; i < 150; i++)
                await FillRollupsAsync(store, $"00000000-0000-0000-0000-{i + 1:000000000000}");
        });
    }

    // Past the upkeep of partitions, which is of another kind.
    private static readonly PrunePosition Behind = new(default, new Id<Message>(1));

    // Places behind those that are there, of messages that nobody reads.
    private static async Task FillLanesAsync(PostgresStore store, Id<Endpoint>[] lanes, int from, int to)
    {
        foreach (var lane in lanes)
            await RunAsync(store, $"""
                INSERT INTO delivery SELECT {Quoted(lane)}, n % 2, n, gen_random_uuid(), 0, 0, 0, 2 FROM generate_series(1000000 + {from}, 999999 + {to}) AS n
                """);
    }

    private static Task FillRollupsAsync(PostgresStore store, string scope) => RunAsync(store, $"""
        INSERT INTO rollup SELECT w, 1772366400000 - n * w * 60000, '{scope}', '{Guid.Empty}', 1, 1, 0, 0, 0, 0, 5, 5, ''
        FROM (VALUES (1), (60)) AS widths (w) CROSS JOIN generate_series(1, 120) AS n
        """);

    // On the connection of the store, so that what this looks at is told before what is measured.
    private static Task RunAsync(PostgresStore store, string sql) =>
        store.Database.WriteAloneAsync(session => session.Prepare(sql).WithoutTimeout().RunAsync());

    private async Task<PostgresStore> OpenWithOneConnectionAsync()
    {
        var options = PostgresUnderTest.Options(Server, Under.Database);
        options.MaxConnections = 1;
        return await PostgresStore.OpenAsync(options, Clock);
    }

    // Once right after the rows came, when the planner knows nothing of them yet, and once when it does.
    private static async Task ShouldCostTheSameAsync(PostgresStore store, Dictionary<string, Func<Task>> verbs, int slack, Func<Task> grow)
    {
        await RunAsync(store, "ALTER TABLE delivery SET (autovacuum_enabled = false); ALTER TABLE rollup SET (autovacuum_enabled = false)");
        var before = await CostsAsync(store, verbs);
        await grow();
        var unknown = await CostsAsync(store, verbs);
        await RunAsync(store, "ANALYZE");
        var known = await CostsAsync(store, verbs);
        foreach (var verb in verbs.Keys)
        {
            unknown[verb].ShouldBeLessThan(before[verb] * 2 + slack, $"{verb}, before statistics: {before[verb]} pages at first");
            known[verb].ShouldBeLessThan(before[verb] * 2 + slack, $"{verb}: {before[verb]} pages at first");
        }
    }

    private static async Task<Dictionary<string, long>> CostsAsync(PostgresStore store, Dictionary<string, Func<Task>> verbs)
    {
        var costs = new Dictionary<string, long>();
        foreach (var (name, verb) in verbs)
        {
            var before = await PagesAsync(store);
            await verb();
            costs[name] = await PagesAsync(store) - before;
        }
        return costs;
    }

    // The store has one connection, which tells the server what it has looked at when it is asked to.
    private static async Task<long> PagesAsync(PostgresStore store)
    {
        await store.Database.ReadAsync(session => session.Prepare("SELECT 1 FROM pg_stat_force_next_flush()").AnyAsync(), default);
        return await store.Database.ReadAsync(session => session.Prepare("""
            SELECT sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0))::bigint FROM pg_statio_user_tables
            """).Int64Async(), default);
    }
}
