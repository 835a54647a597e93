using System.Collections.Concurrent;
using Grapnel.Sending;
using Grapnel.Storage.Tests.Conformance;
using Grapnel.Storage.Tests.Postgres;
using Grapnel.Storage.Tests.Sqlite;
using Grapnel.Testing;
using Microsoft.Extensions.Logging;

namespace Grapnel.Storage.Tests.Redis;

/// <summary>What becomes of deliveries when Redis forgets, stands still, or is away: nothing.</summary>
public abstract class RedisLossTests : IAsyncLifetime
{
    private static readonly IReadOnlySet<long> NothingHeld = new HashSet<long>();
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly TestClock _clock = new(StoreConformance.Start);
    private readonly ConcurrentQueue<string> _told = [];
    private RedisServer _server = null!;
    private RedisUnderTest _store = null!;
    private Id<Node> _node;

    protected abstract Task<StoreUnderTest> OpenStoreAsync(TestClock clock);

    private IdGenerator Ids => field ??= new IdGenerator(_clock);

    private IDeliveryStore Deliveries => _store.Deliveries;

    public async ValueTask InitializeAsync()
    {
        _server = await RedisServer.StartAsync();
        _store = await RedisUnderTest.OpenAsync(await OpenStoreAsync(_clock), _server.ConnectionString, logger: new Told(_told));
        _node = await Deliveries.JoinAsync("first", NodeRoles.All, default);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _store.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Operators_are_told_when_Redis_is_away_when_it_is_back_and_when_it_has_forgotten()
    {
        await _server.StopAsync();
        await UntilToldAsync($"Warning: Redis at 127.0.0.1:{_server.Port} is away");
        await _server.StartAgainAsync();
        await UntilToldAsync($"Information: Redis at 127.0.0.1:{_server.Port} is back.");

        await RedisServer.WhenConnectedAsync(_store.Queue.Connection);
        await Deliveries.HeartbeatAsync(_node, default);

        await UntilToldAsync("Warning: Redis may have lost what it held: the queue is filled again from the store.");
        _told.First().ShouldBe("Information: The queue in Redis is empty: it is filled from the store.");
    }

    [Fact]
    public async Task When_Redis_forgets_everything_no_delivery_is_lost_and_retries_keep_their_attempts_and_due_times()
    {
        var lane = Ids.Next<Endpoint>();
        var (first, second, third) = (await PublishAsync(lane), await PublishAsync(lane), await PublishAsync(lane));
        var scheduled = await PublishAsync([lane], deliverAt: _clock.GetUtcNow().AddSeconds(8));
        await RetryAsync((await ReadAsync(lane)).Deliveries[0], TimeSpan.FromSeconds(1));
        _clock.Advance(TimeSpan.FromSeconds(2));
        await RetryAsync((await ReadAsync(lane)).Deliveries[0], TimeSpan.FromSeconds(5));
        await DeliverAsync((await ReadAsync(lane)).Deliveries.Single(delivery => delivery.Message.Id == second));

        await _server.FlushAsync();

        var now = await ReadAsync(lane);
        now.Deliveries.Select(delivery => delivery.Message.Id).ShouldBe([third]);
        now.NextDueAt.ShouldBe((StoreConformance.Start + TimeSpan.FromSeconds(7)).ToUnixTimeMilliseconds());
        _clock.Advance(TimeSpan.FromSeconds(8));
        var later = await ReadAsync(lane, ordered: true);
        later.Deliveries.Select(delivery => (delivery.Message.Id, delivery.Attempts)).ShouldBe([(first, 2), (third, 0), (scheduled, 0)]);
    }

    [Fact]
    public async Task Lanes_that_Redis_forgot_are_given_to_nobody_before_their_owner_knows()
    {
        await using var process = await _store.OpenAnotherAsync();
        var other = await process.Deliveries.JoinAsync("second", NodeRoles.All, default);
        var lane = Ids.Next<Endpoint>();
        await PublishAsync(lane);
        (await Deliveries.TakeLanesAsync(_node, 10, default)).ShouldBe([lane]);
        var delivery = (await ReadAsync(lane)).Deliveries.Single();
        var theirs = Ids.Next<Endpoint>();
        (await process.Deliveries.AcceptAsync(new AcceptBatch(other, [new AcceptItem(NewMessage(), [theirs], null)], [theirs]), default)).LanesTaken.ShouldBe([theirs]);

        await _server.FlushAsync();
        (await process.Deliveries.AcceptAsync(new AcceptBatch(other, [new AcceptItem(NewMessage(), [lane], null)], [lane]), default)).LanesTaken.ShouldBeEmpty();
        (await process.Deliveries.TakeLanesAsync(other, 10, default)).ShouldBeEmpty();
        (await process.Deliveries.HeartbeatAsync(other, default)).ShouldBeFalse();
        other = await process.Deliveries.JoinAsync("second again", NodeRoles.All, default);

        (await process.Deliveries.TakeLanesAsync(other, 10, default)).ShouldBeEmpty();
        (await process.Deliveries.AcceptAsync(new AcceptBatch(other, [new AcceptItem(NewMessage(), [lane], null)], [lane]), default)).LanesTaken.ShouldBeEmpty();
        (await DeliverAsync(delivery)).ShouldBeTrue();
        (await Deliveries.HeartbeatAsync(_node, default)).ShouldBeFalse();
        (await Deliveries.SettleAsync(new SettleBatch(_node, [], [], []), default)).ShouldBeFalse();
        (await process.Deliveries.TakeLanesAsync(other, 10, default)).Order().ShouldBe(new[] { lane, theirs }.Order());
        (await Deliveries.TakeLanesAsync(await Deliveries.JoinAsync("first again", NodeRoles.All, default), 10, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_node_that_died_while_Redis_forgot_holds_its_lanes_back_until_it_is_expelled()
    {
        var lane = Ids.Next<Endpoint>();
        await PublishAsync(lane);
        (await Deliveries.TakeLanesAsync(_node, 10, default)).ShouldBe([lane]);
        await _server.FlushAsync();
        var other = await Deliveries.JoinAsync("second", NodeRoles.All, default);
        (await Deliveries.TakeLanesAsync(other, 10, default)).ShouldBeEmpty();

        _clock.Advance(Limit + TimeSpan.FromSeconds(1));
        (await Deliveries.HeartbeatAsync(other, default)).ShouldBeTrue();
        (await Deliveries.ExpelAsync(other, Limit, default)).Count.ShouldBe(1);

        (await Deliveries.TakeLanesAsync(other, 10, default)).ShouldBe([lane]);
    }

    [Fact]
    public async Task While_Redis_is_away_accepting_goes_on_and_all_of_it_is_there_afterwards()
    {
        var lane = Ids.Next<Endpoint>();
        var before = await PublishAsync(lane);
        await _server.StopAsync();

        var during = NewMessage();
        var accepted = await Deliveries.AcceptAsync(new AcceptBatch(_node, [new AcceptItem(during, [lane], null)], [lane]), default);
        accepted.Receipts.Single().Status.ShouldBe(AcceptStatus.Accepted);
        accepted.LanesTaken.ShouldBeEmpty();
        (await Deliveries.HeartbeatAsync(_node, default)).ShouldBeTrue();
        await Should.ThrowAsync<StoreUnavailableException>(() => ReadAsync(lane));
        await Should.ThrowAsync<StoreUnavailableException>(() => Deliveries.TakeLanesAsync(_node, 10, default));

        await _server.StartAgainAsync();
        await RedisServer.WhenConnectedAsync(_store.Queue.Connection);
        (await Deliveries.HeartbeatAsync(_node, default)).ShouldBeFalse();
        var node = await Deliveries.JoinAsync("first again", NodeRoles.All, default);
        (await Deliveries.TakeLanesAsync(node, 10, default)).ShouldBe([lane]);
        (await ReadAsync(lane)).Deliveries.Select(delivery => delivery.Message.Id).ShouldBe([before, during.Id]);
    }

    [Fact]
    public async Task What_Redis_could_not_take_note_of_is_made_up_for_before_the_lane_is_read()
    {
        var lane = Ids.Next<Endpoint>();
        var (retried, done, cancelled) = (await PublishAsync(lane), await PublishAsync(lane), NewMessage());
        await Deliveries.AcceptAsync(new AcceptBatch(_node, [new AcceptItem(cancelled, [lane], null)], []), default);
        var all = (await ReadAsync(lane)).Deliveries;

        // It answers, but takes nothing more.
        await _server.RunAsync("config", "set", "maxmemory", "1");
        var during = await PublishAsync(lane);
        await RetryAsync(all[0], TimeSpan.FromSeconds(5));
        await DeliverAsync(all[1]);
        await Deliveries.CancelAsync(cancelled, null, default);
        await Should.ThrowAsync<StoreUnavailableException>(() => ReadAsync(lane));
        await _server.RunAsync("config", "set", "maxmemory", "0");

        var now = await ReadAsync(lane);
        now.Deliveries.Select(delivery => delivery.Message.Id).ShouldBe([during]);
        now.NextDueAt.ShouldBe((StoreConformance.Start + TimeSpan.FromSeconds(5)).ToUnixTimeMilliseconds());
        _clock.Advance(TimeSpan.FromSeconds(5));
        (await ReadAsync(lane, ordered: true)).Deliveries.Select(delivery => (delivery.Message.Id, delivery.Attempts)).ShouldBe([(retried, 1), (during, 0)]);
    }

    [Fact]
    public async Task A_server_that_comes_back_with_what_it_had_some_time_ago_is_noticed()
    {
        var lane = Ids.Next<Endpoint>();
        var first = await PublishAsync(lane);
        (await Deliveries.TakeLanesAsync(_node, 10, default)).ShouldBe([lane]);
        var delivery = (await ReadAsync(lane)).Deliveries.Single();
        await _server.RunAsync("save");
        var second = await PublishAsync(lane);
        await RetryAsync(delivery, TimeSpan.FromSeconds(5));

        await _server.StopAsync();
        await _server.StartAgainAsync();
        await RedisServer.WhenConnectedAsync(_store.Queue.Connection);

        (await Deliveries.HeartbeatAsync(_node, default)).ShouldBeFalse();
        (await ReadAsync(lane, ordered: true)).Deliveries.Select(found => (found.Message.Id, found.Attempts)).ShouldBe([(first, 1), (second, 0)]);
    }

    [Fact]
    public async Task What_a_process_had_stored_when_it_died_before_it_told_Redis_is_found_once_it_is_expelled()
    {
        var lane = Ids.Next<Endpoint>();
        var dead = await Deliveries.JoinAsync("dead", NodeRoles.All, default);
        var (first, second) = (await PublishAsync(lane), await PublishAsync(lane));
        (await Deliveries.TakeLanesAsync(_node, 10, default)).ShouldBe([lane]);
        var delivery = (await ReadAsync(lane)).Deliveries[0];

        // What the process that died did: the store has it, and Redis does not.
        var third = NewMessage();
        await _store.Store.Deliveries.AcceptAsync(new AcceptBatch(dead, [new AcceptItem(third, [lane], null)], []), default);
        await _store.Store.Deliveries.SettleAsync(new SettleBatch(dead, [Retried(delivery, TimeSpan.FromHours(1))], [], []) { KeepsRows = true }, default);
        (await ReadAsync(lane)).Deliveries.Select(found => found.Message.Id).ShouldBe([first, second]);
        _clock.Advance(Limit + TimeSpan.FromSeconds(1));
        await Deliveries.HeartbeatAsync(_node, default);
        (await Deliveries.ExpelAsync(_node, Limit, default)).Count.ShouldBe(1);

        (await ReadAsync(lane)).Deliveries.Select(found => found.Message.Id).ShouldBe([second, third.Id]);
        (await ReadAsync(lane, ordered: true)).Deliveries.Select(found => (found.Message.Id, found.Attempts)).ShouldBe([(first, 1), (second, 0), (third.Id, 0)]);
        (await Deliveries.ReadOwnedAsync(_node, default)).ShouldBe([lane]);
    }

    [Fact]
    public async Task What_ended_without_Redis_being_told_is_not_read_and_does_not_shorten_the_page()
    {
        var lane = Ids.Next<Endpoint>();
        var (first, second, third) = (await PublishAsync(lane), await PublishAsync(lane), await PublishAsync(lane));
        var delivery = (await ReadAsync(lane)).Deliveries[0];
        await _store.Store.Deliveries.SettleAsync(new SettleBatch(_node, [Delivered(delivery)], [], []), default);

        var page = await ReadAsync(lane, limit: 2);

        page.Deliveries.Select(found => found.Message.Id).ShouldBe([second, third]);
        page.More.ShouldBeFalse();
        first.ShouldBe(delivery.Message.Id);
    }

    [Fact]
    public async Task Of_two_processes_that_accept_for_the_same_lanes_at_once_one_gets_each()
    {
        await using var process = await _store.OpenAnotherAsync();
        var other = await process.Deliveries.JoinAsync("second", NodeRoles.All, default);
        var lanes = Enumerable.Range(0, 50).Select(_ => Ids.Next<Endpoint>()).ToArray();

        var results = await Task.WhenAll(
            Deliveries.AcceptAsync(new AcceptBatch(_node, [new AcceptItem(NewMessage(), lanes, null)], lanes), default),
            process.Deliveries.AcceptAsync(new AcceptBatch(other, [new AcceptItem(NewMessage(), lanes, null)], lanes), default),
            process.Deliveries.AcceptAsync(new AcceptBatch(other, [new AcceptItem(NewMessage(), lanes, null)], lanes), default));

        var mine = results[0].LanesTaken;
        var theirs = results[1].LanesTaken.Union(results[2].LanesTaken).ToList();
        mine.Intersect(theirs).ShouldBeEmpty();
        mine.Concat(theirs).Order().ShouldBe(lanes.Order());
        (await Deliveries.ReadOwnedAsync(_node, default)).ShouldBe(mine.Order());
        foreach (var lane in lanes)
            (await ReadAsync(lane)).Deliveries.Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_backlog_of_many_pages_is_rebuilt_whole()
    {
        var lane = Ids.Next<Endpoint>();
        foreach (var _ in Enumerable.Range(0, 5))
            await Deliveries.AcceptAsync(
                new AcceptBatch(_node, [.. Enumerable.Range(0, 500).Select(_ => new AcceptItem(NewMessage(), [lane], null))], []), default);
        var before = (await ReadAsync(lane, limit: 10_000)).Deliveries.Select(delivery => delivery.Seq);

        await _server.FlushAsync();

        (await ReadAsync(lane, limit: 10_000)).Deliveries.Select(delivery => delivery.Seq).ShouldBe(before);
    }

    [Fact]
    public async Task Nothing_stays_in_Redis_of_a_lane_that_is_done_and_given_back_unless_it_is_taken_again()
    {
        var lane = Ids.Next<Endpoint>();
        await Deliveries.AcceptAsync(new AcceptBatch(_node, [new AcceptItem(NewMessage(), [lane], null)], [lane]), default);
        await RetryAsync((await ReadAsync(lane)).Deliveries.Single(), TimeSpan.Zero);
        await DeliverAsync((await ReadAsync(lane)).Deliveries.Single());

        (await Deliveries.SettleAsync(new SettleBatch(_node, [], [], [lane]), default)).ShouldBeTrue();

        var key = (await _server.RunAsync("keys", $"*{lane}*")).Trim();
        key.ShouldEndWith(lane.ToString());
        int.Parse(await _server.RunAsync("ttl", key), null).ShouldBeInRange(3000, 3600);
        await Deliveries.AcceptAsync(new AcceptBatch(_node, [new AcceptItem(NewMessage(), [lane], null)], [lane]), default);
        int.Parse(await _server.RunAsync("ttl", key), null).ShouldBe(-1);
    }

    private Task<Id<Message>> PublishAsync(Id<Endpoint> lane) => PublishAsync([lane], null);

    private async Task<Id<Message>> PublishAsync(Id<Endpoint>[] lanes, DateTimeOffset? deliverAt)
    {
        var message = NewMessage() with { DeliverAt = deliverAt };
        await Deliveries.AcceptAsync(new AcceptBatch(_node, [new AcceptItem(message, lanes, null)], []), default);
        return message.Id;
    }

    private Message NewMessage() => new()
    {
        Id = Ids.Next<Message>(), ApplicationId = Ids.Next<Application>(), EventType = "order.created", Payload = "{}"u8.ToArray(),
        AcceptedAt = _clock.GetUtcNow(), RouteVersion = 1,
    };

    private Task<LanePage> ReadAsync(Id<Endpoint> lane, bool ordered = false, int limit = 100) => Deliveries.ReadLaneAsync(
        new LaneRead(lane, ordered, 0, _clock.GetUtcNow().ToUnixTimeMilliseconds(), limit, long.MaxValue, NothingHeld), default);

    private Task<bool> RetryAsync(Delivery delivery, TimeSpan after) =>
        Deliveries.SettleAsync(new SettleBatch(_node, [Retried(delivery, after)], [], []), default);

    private Task<bool> DeliverAsync(Delivery delivery) => Deliveries.SettleAsync(new SettleBatch(_node, [Delivered(delivery)], [], []), default);

    private Settlement Delivered(Delivery delivery) =>
        new(NewAttempt(delivery, SendOutcome.Success), delivery.Seq, delivery.Trigger, DeliveryEnd.Delivered, 0, delivery.Attempts + 1);

    private Settlement Retried(Delivery delivery, TimeSpan after)
    {
        var dueAt = _clock.GetUtcNow() + after;
        return new Settlement(
            NewAttempt(delivery, SendOutcome.Refused) with { NextAttemptAt = dueAt }, delivery.Seq, delivery.Trigger, null, dueAt.ToUnixTimeMilliseconds(),
            delivery.Attempts + 1);
    }

    private Attempt NewAttempt(Delivery delivery, SendOutcome outcome) => new()
    {
        Id = Ids.Next<Attempt>(), ApplicationId = delivery.Message.ApplicationId, EndpointId = delivery.EndpointId, MessageId = delivery.Message.Id,
        Url = "https://receiver.example/hook", Trigger = delivery.Trigger, Number = delivery.Attempts + 1, StartedAt = _clock.GetUtcNow(), DurationMs = 20,
        Outcome = outcome,
    };

    private async Task UntilToldAsync(string what)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!_told.Any(line => line.StartsWith(what, StringComparison.Ordinal)))
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, limit.Token);
    }

    private sealed class Told(ConcurrentQueue<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue($"{logLevel}: {formatter(state, exception)}");
    }
}

/// <summary>The same with SQLite behind Redis.</summary>
public sealed class RedisLossOnSqliteTests : RedisLossTests
{
    protected override async Task<StoreUnderTest> OpenStoreAsync(TestClock clock) => await SqliteUnderTest.OpenAsync(clock);
}

/// <summary>The same with PostgreSQL behind Redis.</summary>
public sealed class RedisLossOnPostgresTests : RedisLossTests
{
    protected override async Task<StoreUnderTest> OpenStoreAsync(TestClock clock) => await PostgresUnderTest.OpenAsync(clock);
}
