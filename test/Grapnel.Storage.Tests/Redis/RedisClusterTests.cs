using Grapnel.Storage.Tests.Conformance;
using Grapnel.Storage.Tests.Sqlite;
using Grapnel.Testing;

namespace Grapnel.Storage.Tests.Redis;

/// <summary>Three servers that share the lanes between them.</summary>
public sealed class RedisClusterTests : IAsyncLifetime
{
    private readonly TestClock _clock = new(StoreConformance.Start);
    private IReadOnlyList<RedisServer> _servers = null!;
    private RedisUnderTest _store = null!;

    private IdGenerator Ids => field ??= new IdGenerator(_clock);

    public async ValueTask InitializeAsync()
    {
        _servers = await RedisServer.StartClusterAsync();
        _store = await RedisUnderTest.OpenAsync(await SqliteUnderTest.OpenAsync(_clock), string.Join(',', _servers.Select(server => server.ConnectionString)));
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        foreach (var server in _servers)
            await server.DisposeAsync();
    }

    [Fact]
    public async Task Lanes_live_on_all_servers_and_what_one_of_them_forgets_is_there_again()
    {
        var node = await _store.Deliveries.JoinAsync("first", NodeRoles.All, default);
        var lanes = Enumerable.Range(0, 30).Select(_ => Ids.Next<Endpoint>()).ToArray();
        var accepted = await _store.Deliveries.AcceptAsync(
            new AcceptBatch(node, [new AcceptItem(NewMessage(), lanes, null), new AcceptItem(NewMessage(), lanes, null)], lanes[..20]), default);

        accepted.LanesTaken.Order().ShouldBe(lanes[..20].Order());
        (await _store.Deliveries.TakeLanesAsync(node, 100, default)).Order().ShouldBe(lanes[20..].Order());
        foreach (var server in _servers)
            (await server.RunAsync("dbsize")).Trim().ShouldNotBe("0");
        await DeliverFirstOfEachAsync(node, lanes);
        await ShouldHaveOneEachAsync(lanes);

        foreach (var server in _servers)
        {
            await server.FlushAsync();
            await ShouldHaveOneEachAsync(lanes);
            (await _store.Deliveries.HeartbeatAsync(node, default)).ShouldBeFalse();
            node = await _store.Deliveries.JoinAsync("first again", NodeRoles.All, default);
            (await _store.Deliveries.TakeLanesAsync(node, 100, default)).Order().ShouldBe(lanes.Order());
        }

        (await _store.Deliveries.SettleAsync(new SettleBatch(node, [], [], lanes), default)).ShouldBeTrue();
        (await _store.Deliveries.ReadOwnedAsync(node, default)).ShouldBeEmpty();
    }

    private async Task DeliverFirstOfEachAsync(Id<Node> node, Id<Endpoint>[] lanes)
    {
        var settlements = new List<Settlement>();
        foreach (var lane in lanes)
        {
            var delivery = (await ReadAsync(lane)).Deliveries[0];
            settlements.Add(new Settlement(
                new Attempt
                {
                    Id = Ids.Next<Attempt>(), ApplicationId = delivery.Message.ApplicationId, EndpointId = lane, MessageId = delivery.Message.Id,
                    Url = "https://receiver.example/hook", Number = 1, StartedAt = _clock.GetUtcNow(), DurationMs = 20, Outcome = Sending.SendOutcome.Success,
                },
                delivery.Seq, delivery.Trigger, DeliveryEnd.Delivered, 0, 1));
        }
        (await _store.Deliveries.SettleAsync(new SettleBatch(node, settlements, [], []), default)).ShouldBeTrue();
    }

    private async Task ShouldHaveOneEachAsync(Id<Endpoint>[] lanes)
    {
        foreach (var lane in lanes)
            (await ReadAsync(lane)).Deliveries.Count.ShouldBe(1);
    }

    private Task<LanePage> ReadAsync(Id<Endpoint> lane) => _store.Deliveries.ReadLaneAsync(
        new LaneRead(lane, false, 0, _clock.GetUtcNow().ToUnixTimeMilliseconds(), 100, long.MaxValue, new HashSet<long>()), default);

    private Message NewMessage() => new()
    {
        Id = Ids.Next<Message>(), ApplicationId = Ids.Next<Application>(), EventType = "order.created", Payload = "{}"u8.ToArray(),
        AcceptedAt = _clock.GetUtcNow(), RouteVersion = 1,
    };
}
