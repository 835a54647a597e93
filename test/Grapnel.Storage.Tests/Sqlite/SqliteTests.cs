using Grapnel.Storage.Sqlite;
using Grapnel.Storage.Tests.Conformance;

namespace Grapnel.Storage.Tests.Sqlite;

/// <summary>What tests of the embedded store share: a store, a clock, and messages.</summary>
public abstract class SqliteTests : IAsyncLifetime
{
    private protected TestClock Clock { get; } = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    private protected SqliteUnderTest Under { get; private set; } = null!;

    private protected SqliteStore Store => Under.Store;

    private protected IdGenerator Ids => field ??= new IdGenerator(Clock);

    private protected Id<Application> Tenant { get; private set; }

    private protected Id<Node> Node { get; private set; }

    private protected virtual int IdempotencyRunLength => IdempotencyIndex.RunLength;

    public async ValueTask InitializeAsync()
    {
        Under = await SqliteUnderTest.OpenAsync(Clock, IdempotencyRunLength);
        Tenant = Ids.Next<Application>();
        Node = await Store.Deliveries.JoinAsync("node", NodeRoles.All, default);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Under.DisposeAsync();
    }

    private protected Message NewMessage(int bytes = 2) => new()
    {
        Id = Ids.Next<Message>(), ApplicationId = Tenant, EventType = "order.created", Payload = new byte[bytes],
        AcceptedAt = Clock.GetUtcNow(), RouteVersion = 1,
    };

    private protected Task<AcceptResult> AcceptAsync(Id<Endpoint> lane, int count = 1, int bytes = 2) => Store.Deliveries.AcceptAsync(
        new AcceptBatch(Node, [.. Enumerable.Range(0, count).Select(_ => new AcceptItem(NewMessage(bytes), [lane], null))], []), default);

    private protected async Task PruneAsync(DateTimeOffset before)
    {
        PrunePosition? at = null;
        do
            at = await Store.History.PruneAsync(before, at, 1_000, default);
        while (at is not null);
    }

    private protected Task<LanePage> ReadAsync(Id<Endpoint> lane, bool ordered = false, int limit = 50) => Store.Deliveries.ReadLaneAsync(
        new LaneRead(lane, ordered, 0, Clock.GetUtcNow().ToUnixTimeMilliseconds(), limit, long.MaxValue, new HashSet<long>()), default);
}
