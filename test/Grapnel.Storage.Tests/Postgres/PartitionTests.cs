using Grapnel.Storage.Postgres;

namespace Grapnel.Storage.Tests.Postgres;

/// <summary>History lies in partitions by time, here of a minute each: made ahead, dropped whole, and in nobody's way.</summary>
public sealed class PartitionTests : PostgresTests
{
    [Fact]
    public async Task History_past_its_time_goes_with_the_tables_it_lies_in()
    {
        var lane = Ids.Next<Endpoint>();
        await PublishAsync(lane);
        await SettleAsync(Node, await ReadAsync(lane));
        (await PartitionsAsync()).ShouldContain("attempt_202603011200");
        Clock.Advance(TimeSpan.FromMinutes(30));

        await PruneAsync(Clock.GetUtcNow());

        (await PartitionsAsync()).ShouldNotContain(name => name.Contains("20260301120"));
        (await CountAsync("SELECT count(*) FROM message_event")).ShouldBe(0);
        (await CountAsync("SELECT count(*) FROM history_partition WHERE until <= 1772367600000")).ShouldBe(0);
    }

    [Fact]
    public async Task Of_a_partition_with_something_pending_only_what_is_over_goes_and_then_the_partition()
    {
        var (done, waiting) = (Ids.Next<Endpoint>(), Ids.Next<Endpoint>());
        await PublishAsync(done);
        var kept = await PublishAsync(waiting);
        await SettleAsync(Node, await ReadAsync(done));
        Clock.Advance(TimeSpan.FromMinutes(30));

        await PruneAsync(Clock.GetUtcNow());

        (await PartitionsAsync()).ShouldContain("message_202603011200");
        (await PartitionsAsync()).ShouldNotContain("message_202603011201");
        (await ReadAsync(waiting)).Single().Message.Payload.ShouldNotBeNull();
        (await RowsAsync()).ShouldBe("1 message, 1 label, 1 event id, 0 attempts");
        (await AcceptAsync(new AcceptItem(NewMessage(kept.EventId), [], null))).Receipts.Single().ExistingMessage.ShouldBe(kept.Id);
        await SettleAsync(Node, await ReadAsync(waiting));
        await PruneAsync(Clock.GetUtcNow());
        (await PartitionsAsync()).ShouldNotContain("message_202603011200");
        (await RowsAsync()).ShouldBe("0 message, 0 label, 0 event id, 0 attempts");
    }

    [Fact]
    public async Task The_partition_that_the_time_falls_into_stays_until_all_of_it_is_over()
    {
        await PublishAsync();
        Clock.Advance(TimeSpan.FromMinutes(30));

        await PruneAsync(StoreStart.AddSeconds(59));
        (await RowsAsync()).ShouldStartWith("1 message");
        await PruneAsync(StoreStart.AddSeconds(60));

        (await RowsAsync()).ShouldBe("0 message, 0 label, 0 event id, 0 attempts");
    }

    [Fact]
    public async Task Partitions_are_made_ahead_so_that_no_message_lies_in_the_default_one()
    {
        for (var minute = 0; minute < 10; minute++)
        {
            await PublishAsync();
            if (minute % 2 == 1)
                await PruneAsync(StoreStart);
            Clock.Advance(TimeSpan.FromMinutes(1));
        }

        (await CountAsync("SELECT count(*) FROM message_rest")).ShouldBe(0);
        (await CountAsync("SELECT count(DISTINCT tableoid) FROM message")).ShouldBe(10);
    }

    [Fact]
    public async Task A_store_that_was_stopped_for_long_has_a_partition_for_now_once_it_is_open()
    {
        Clock.Advance(TimeSpan.FromDays(3));
        await Under.ReopenAsync();

        await PublishAsync();

        (await TextsAsync("SELECT tableoid::regclass::text FROM message")).ShouldBe(["message_202603041200"]);
    }

    [Fact]
    public async Task Messages_that_lie_where_a_partition_should_be_stay_where_they_are_and_go_one_by_one()
    {
        Clock.Advance(TimeSpan.FromHours(1));
        for (var i = 0; i < 25; i++)
            await PublishAsync();
        await PruneAsync(StoreStart);

        (await PartitionsAsync()).ShouldNotContain("message_202603011300");
        (await PartitionsAsync()).ShouldContain("message_202603011301");
        (await CountAsync("SELECT count(*) FROM message_rest")).ShouldBe(25);
        Clock.Advance(TimeSpan.FromMinutes(1));
        await PublishAsync();
        (await PruneAsync(Clock.GetUtcNow(), limit: 10)).ShouldBe(3);

        (await TextsAsync("SELECT tableoid::regclass::text FROM message")).ShouldBe(["message_202603011301"]);
        (await RowsAsync()).ShouldBe("1 message, 1 label, 1 event id, 0 attempts");
    }

    [Fact]
    public async Task Partitions_of_another_width_begin_where_the_ones_before_end()
    {
        var options = PostgresUnderTest.Options(Server, Under.Database);
        options.HistoryPartition = TimeSpan.FromHours(1);
        await using (await PostgresStore.OpenAsync(options, Clock))
        {
        }
        await using (await PostgresStore.OpenAsync(options, Clock))
            (await TextsAsync("SELECT to_char(to_timestamp(start / 1000) AT TIME ZONE 'UTC', 'HH24:MI') FROM history_partition ORDER BY start"))
                .ShouldBe(["12:00", "12:01", "12:02", "13:00", "14:00"]);
    }

    [Fact]
    public async Task Stores_that_open_and_prune_at_the_same_time_get_along()
    {
        for (var i = 0; i < 60; i++)
        {
            await PublishAsync();
            if (i % 3 == 0)
                Clock.Advance(TimeSpan.FromSeconds(20));
        }
        Clock.Advance(TimeSpan.FromHours(1));
        await Store.Idempotency.AddAsync(new IdempotencyEntry(1, 1, [], Clock.GetUtcNow()), default);

        await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ => await PruneAsync(Clock.GetUtcNow(), await OpenAnotherAsync(), limit: 3)));
        await PruneAsync(Clock.GetUtcNow());

        (await RowsAsync()).ShouldBe("0 message, 0 label, 0 event id, 0 attempts");
        (await CountAsync("SELECT count(*) FROM rollup")).ShouldBe(0);
        (await CountAsync("SELECT count(*) FROM idempotency")).ShouldBe(0);
        (await PartitionsAsync()).Where(name => name.StartsWith("message_2", StringComparison.Ordinal))
            .ShouldBe(["message_202603011306", "message_202603011307", "message_202603011308"]);
    }

    [Fact]
    public async Task Publishing_and_delivering_go_on_while_partitions_come_and_go()
    {
        var (lane, other) = (Ids.Next<Endpoint>(), await OpenAnotherAsync());
        using var over = new CancellationTokenSource();
        var published = Task.Run(async () =>
        {
            var count = 0;
            for (; !over.IsCancellationRequested; count++)
            {
                await PublishAsync(lane);
                await SettleAsync(Node, await ReadAsync(lane));
            }
            return count;
        });

        for (var i = 0; i < 30; i++)
        {
            Clock.Advance(TimeSpan.FromSeconds(30));
            await PruneAsync(Clock.GetUtcNow().AddMinutes(-2), i % 2 == 0 ? Store : other);
        }
        await over.CancelAsync();

        (await published).ShouldBeGreaterThan(0);
        (await Store.History.ReadBacklogAsync(default)).Pending.ShouldBe(0);
        (await PartitionsAsync()).ShouldNotContain("message_202603011201");
    }

    [Fact]
    public async Task A_partition_that_somebody_reads_is_left_to_the_next_turn()
    {
        await PublishAsync();
        Clock.Advance(TimeSpan.FromMinutes(30));
        await using (var reader = await BeginAsync("SELECT * FROM message"))
        {
            await PruneAsync(Clock.GetUtcNow());
            (await PartitionsAsync()).ShouldContain("message_202603011200");
        }

        await PruneAsync(Clock.GetUtcNow());

        (await PartitionsAsync()).ShouldNotContain("message_202603011200");
    }

    [Fact]
    public async Task A_message_that_is_just_being_sent_again_is_not_forgotten()
    {
        var message = await PublishAsync();
        Clock.Advance(TimeSpan.FromMinutes(30));
        await using (var replay = await BeginAsync(
            $"SELECT * FROM message WHERE id = {Quoted(message.Id)} FOR UPDATE",
            $"INSERT INTO delivery VALUES ({Quoted(Ids.Next<Endpoint>())}, 0, 99, {Quoted(message.Id)}, 0, 0, 1, 2)"))
        {
            await PruneAsync(Clock.GetUtcNow());
            await RunAsync(replay, "COMMIT");
        }

        (await RowsAsync()).ShouldBe("1 message, 1 label, 1 event id, 0 attempts");
    }

    [Fact]
    public async Task An_attempt_is_found_by_its_id_without_looking_through_the_partition_once_the_house_has_been_kept()
    {
        // With fewer, the planner goes through another index.
        const int attempts = 100_000;
        var first = Quoted(Id<Attempt>.FirstAt(Clock.GetUtcNow()));
        string NthId(string n) => $"overlay({first} PLACING lpad(to_hex({n}), 12, '0') FROM 25)::uuid";
        await Store.Database.RunLongAsync(session => session.Prepare($"""
            INSERT INTO attempt (message_id, id, application_id, endpoint_id, trigger, number, started_at, duration_ms, outcome, status_code, url, response_body)
            SELECT {NthId("n")}, {NthId("n")}, {first}, {first}, 0, 1, 0, 0, 0, 200, repeat('u', 200), '' FROM generate_series(1, {attempts}) AS n
            """).WithoutTimeout().RunAsync(), default);
        await Store.Database.RunLongAsync(session => session.Prepare("ANALYZE attempt").WithoutTimeout().RunAsync(), default);
        (await RowsLookedAtAsync()).ShouldBeGreaterThan(attempts / 2, "hardly a page is in the index yet");

        await PruneAsync(StoreStart);

        (await RowsLookedAtAsync()).ShouldBeLessThan(attempts / 100);

        async Task<int> RowsLookedAtAsync()
        {
            var plan = await Store.Database.ReadAlongIndexesAsync(session => session.Prepare(
                $"EXPLAIN (ANALYZE, COSTS off, TIMING off) SELECT url FROM attempt a WHERE a.id = {NthId("9000")}").RowsAsync(row => row.Text(0)), default);
            const string removed = "Rows Removed by Index Recheck: ";
            plan.ShouldContain(line => line.Contains("Bitmap Index Scan on attempt_202603011200_id_idx"), string.Join('\n', plan));
            return 1 + plan.Where(line => line.Contains(removed)).Sum(line => int.Parse(line.Trim()[removed.Length..], null));
        }
    }

    [Fact]
    public async Task Parts_of_the_count_that_processes_left_behind_are_folded_into_one()
    {
        var (done, waiting) = (Ids.Next<Endpoint>(), Ids.Next<Endpoint>());
        for (var i = 0; i < 5; i++)
        {
            await PublishAsync(done, waiting);
            await SettleAsync(Node, await ReadAsync(done));
            await Under.ReopenAsync();
        }

        await PruneAsync(StoreStart);

        (await CountAsync("SELECT count(*) FROM pending_part")).ShouldBe(1);
        (await Store.Statistics.CountPendingAsync(default)).ShouldBe(5);
    }

    private static DateTimeOffset StoreStart => Conformance.StoreConformance.Start;

    private Task<List<string>> PartitionsAsync() =>
        TextsAsync("SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relispartition ORDER BY relname");

    private async Task<string> RowsAsync() =>
        $"{await CountAsync("SELECT count(*) FROM message")} message, {await CountAsync("SELECT count(*) FROM message_label")} label, "
        + $"{await CountAsync("SELECT count(*) FROM message_event")} event id, {await CountAsync("SELECT count(*) FROM attempt")} attempts";
}
