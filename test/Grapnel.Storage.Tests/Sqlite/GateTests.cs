using Grapnel.Storage.Sqlite;

namespace Grapnel.Storage.Tests.Sqlite;

public sealed class GateTests : SqliteTests
{
    [Fact]
    public async Task What_waits_while_a_commit_runs_shares_the_next_one()
    {
        var lane = Ids.Next<Endpoint>();
        var before = Store.Gate.Commits;
        using var holdUp = new HeldUpGate(Store.Gate);

        var accepts = Enumerable.Range(0, 100).Select(_ => AcceptAsync(lane)).ToArray();
        await holdUp.LetGoAsync();
        await Task.WhenAll(accepts);

        (Store.Gate.Commits - before).ShouldBe(2);
        (await Store.History.ReadBacklogAsync(default)).Pending.ShouldBe(100);
    }

    [Fact]
    public async Task Work_that_fails_is_undone_alone()
    {
        var lane = Ids.Next<Endpoint>();
        using var holdUp = new HeldUpGate(Store.Gate);

        var before = AcceptAsync(lane);
        var failing = Store.Gate.RunAsync<int>(session =>
        {
            session.Execute("UPDATE counter SET value = 1000 WHERE name = 'pending'");
            throw new InvalidOperationException("no");
        });
        var after = AcceptAsync(lane);
        await holdUp.LetGoAsync();

        (await Should.ThrowAsync<InvalidOperationException>(() => failing)).Message.ShouldBe("no");
        (await before).Receipts.Single().Status.ShouldBe(AcceptStatus.Accepted);
        (await after).Receipts.Single().Status.ShouldBe(AcceptStatus.Accepted);
        (await Store.History.ReadBacklogAsync(default)).Pending.ShouldBe(2);
    }

    [Fact]
    public async Task Work_is_refused_for_what_shares_its_transaction_only_once_that_is_durable()
    {
        using var holdUp = new HeldUpGate(Store.Gate);

        Task<int>? second = null;
        var early = false;
        var first = Store.Gate.RunAsync(session =>
        {
            early |= second!.IsCompleted;
            return session.Prepare("UPDATE counter SET value = 7 WHERE name = 'pending'").Run();
        });
        second = Store.Gate.RunAsync<int>(session =>
            throw new ConflictException("taken", $"{session.Prepare("SELECT value FROM counter WHERE name = 'pending'").RunInt64()}"));
        await holdUp.LetGoAsync();

        (await Should.ThrowAsync<ConflictException>(() => second)).Message.ShouldBe("7");
        first.IsCompletedSuccessfully.ShouldBeTrue();
        early.ShouldBeFalse();
    }

    [Fact]
    public async Task Work_is_not_refused_for_what_the_disk_then_failed_to_keep()
    {
        var room = await Store.Gate.RunAsync(session => session.Prepare("PRAGMA page_count").RunInt64());
        await LimitPagesAsync(room + 20);
        using var holdUp = new HeldUpGate(Store.Gate);

        var first = Store.Catalog.AddEventTypeAsync(NewEventType("a"), default);
        var second = Store.Catalog.AddEventTypeAsync(NewEventType("a"), default);
        var large = AcceptAsync(Ids.Next<Endpoint>(), count: 100, bytes: 10_000);
        await holdUp.LetGoAsync();

        foreach (var work in new[] { first, second, large })
            await Should.ThrowAsync<StoreUnavailableException>(() => work);
    }

    [Fact]
    public async Task Work_that_fails_while_it_is_alone_is_undone()
    {
        await Should.ThrowAsync<InvalidOperationException>(() => Store.Gate.RunAsync<int>(session =>
        {
            session.Execute("UPDATE counter SET value = 1000 WHERE name = 'pending'");
            throw new InvalidOperationException("no");
        }));

        (await Store.History.ReadBacklogAsync(default)).Pending.ShouldBe(0);
        await AcceptAsync(Ids.Next<Endpoint>());
    }

    [Fact]
    public async Task A_full_disk_accepts_nothing_says_so_and_recovers_without_a_restart()
    {
        var lane = Ids.Next<Endpoint>();
        await AcceptAsync(lane);
        var room = await Store.Gate.RunAsync(session => session.Prepare("PRAGMA page_count").RunInt64());
        await LimitPagesAsync(room + 20);

        var error = await Should.ThrowAsync<StoreUnavailableException>(() => AcceptAsync(lane, count: 100, bytes: 10_000));
        error.Message.ShouldContain("disk is full");
        (await Store.History.ReadBacklogAsync(default)).Pending.ShouldBe(1);
        (await ReadAsync(lane)).Deliveries.Count.ShouldBe(1);

        await LimitPagesAsync(1_000_000);
        await AcceptAsync(lane, count: 100, bytes: 10_000);
        (await Store.History.ReadBacklogAsync(default)).Pending.ShouldBe(101);
    }

    [Fact]
    public async Task A_full_disk_fails_everything_that_shared_the_transaction()
    {
        var lane = Ids.Next<Endpoint>();
        var room = await Store.Gate.RunAsync(session => session.Prepare("PRAGMA page_count").RunInt64());
        await LimitPagesAsync(room + 20);
        using var holdUp = new HeldUpGate(Store.Gate);

        var small = AcceptAsync(lane);
        var large = AcceptAsync(lane, count: 100, bytes: 10_000);
        await holdUp.LetGoAsync();

        await Should.ThrowAsync<StoreUnavailableException>(() => large);
        await Should.ThrowAsync<StoreUnavailableException>(() => small);
        (await ReadAsync(lane)).Deliveries.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_catalog_write_on_a_full_disk_is_unavailable_too()
    {
        await Store.Gate.RunAsync(session => session.Prepare("PRAGMA query_only = 1").Run());

        await Should.ThrowAsync<StoreUnavailableException>(() => Store.Catalog.AddEventTypeAsync(NewEventType("a"), default));
    }

    [Fact]
    public async Task A_closed_store_takes_no_work_and_loses_none_it_took()
    {
        var lane = Ids.Next<Endpoint>();
        var accepts = Enumerable.Range(0, 50).Select(_ => AcceptAsync(lane)).ToArray();
        var old = Store.Deliveries;

        await Under.ReopenAsync();

        await Task.WhenAll(accepts);
        (await Store.History.ReadBacklogAsync(default)).Pending.ShouldBe(50);
        await Should.ThrowAsync<StoreUnavailableException>(() => old.JoinAsync("late", NodeRoles.All, default));
    }

    private EventType NewEventType(string name) => new() { Name = name, Description = "", CreatedAt = Clock.GetUtcNow(), UpdatedAt = Clock.GetUtcNow() };

    /// <summary>Keeps the writer busy with a transaction of its own, so that what is queued meanwhile shares the next.</summary>
    private sealed class HeldUpGate : IDisposable
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

        private readonly ManualResetEventSlim _started = new();
        private readonly ManualResetEventSlim _letGo = new();
        private readonly Task _running;

        public HeldUpGate(SqliteGate gate)
        {
            _running = gate.RunAsync(_ =>
            {
                _started.Set();
                return _letGo.Wait(Patience);
            });
            _started.Wait(Patience).ShouldBeTrue("the writer never began");
        }

        public Task LetGoAsync()
        {
            _letGo.Set();
            return _running;
        }

        public void Dispose()
        {
            _started.Dispose();
            _letGo.Dispose();
        }
    }

    private Task LimitPagesAsync(long pages) => Store.Gate.RunAsync(session => session.Prepare($"PRAGMA max_page_count = {pages}").RunInt64());
}
