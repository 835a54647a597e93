using Grapnel.Sending;

namespace Grapnel.Storage.Tests.Conformance;

/// <summary>
/// The definition of a store: what these tests check is what a store promises, and nothing more may be relied on. A back-end joins by
/// deriving one small class. The guarantees stand in the other parts of this class, one file per concern; here are the means.
/// </summary>
public abstract partial class StoreConformance : IAsyncLifetime
{
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly IReadOnlySet<long> NothingHeld = new HashSet<long>();

    private StoreUnderTest _store = null!;
    private Id<Node> _node;

    protected abstract Task<StoreUnderTest> OpenAsync(TestClock clock);

    private TestClock Clock { get; } = new(Start);

    private IdGenerator Ids => field ??= new IdGenerator(Clock);

    private IDeliveryStore Deliveries => _store.Deliveries;

    private ICatalogStore Catalog => _store.Catalog;

    private IHistoryStore History => _store.History;

    private ISearchStore Search => _store.Search;

    private IIdempotencyStore Idempotency => _store.Idempotency;

    private IBackgroundTaskStore Tasks => _store.Tasks;

    private IConsoleStore Console => _store.Console;
    private IAlertStore Alerts => _store.Alerts;

    private IStatisticsStore Statistics => _store.Statistics;

    private Id<Application> Tenant { get; set; }

    public async ValueTask InitializeAsync()
    {
        _store = await OpenAsync(Clock);
        _node = await Deliveries.JoinAsync("first", NodeRoles.All, default);
        Tenant = Ids.Next<Application>();
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _store.DisposeAsync();
    }

    private Message NewMessage(string? eventId = null, DateTimeOffset? deliverAt = null, byte[]? payload = null) => new()
    {
        Id = Ids.Next<Message>(),
        ApplicationId = Tenant,
        EventType = "order.created",
        EventId = eventId,
        Payload = payload ?? "{}"u8.ToArray(),
        AcceptedAt = Clock.GetUtcNow(),
        DeliverAt = deliverAt,
        RouteVersion = 1,
    };

    private Id<Endpoint> NewLane() => Ids.Next<Endpoint>();

    private static AcceptItem Owe(Message message, params Id<Endpoint>[] endpoints) => new(message, endpoints, null);

    private Task<AcceptResult> AcceptAsync(params AcceptItem[] items) => Deliveries.AcceptAsync(new AcceptBatch(_node, items, []), default);

    private async Task<Message> PublishAsync(params Id<Endpoint>[] endpoints)
    {
        var message = NewMessage();
        await AcceptAsync(Owe(message, endpoints));
        return message;
    }

    private async Task<IReadOnlyList<Delivery>> PendingAsync(Id<Endpoint> lane) => (await ReadAsync(lane)).Deliveries;

    private Task<LanePage> ReadAsync(
        Id<Endpoint> lane, bool ordered = false, long afterSeq = 0, int limit = 100, long bytes = long.MaxValue, IReadOnlySet<long>? held = null) =>
        Deliveries.ReadLaneAsync(
            new LaneRead(lane, ordered, afterSeq, Clock.GetUtcNow().ToUnixTimeMilliseconds(), limit, bytes, held ?? NothingHeld), default);

    private Attempt NewAttempt(Delivery delivery, SendOutcome outcome = SendOutcome.Success) => new()
    {
        Id = Ids.Next<Attempt>(),
        ApplicationId = delivery.Message.ApplicationId,
        EndpointId = delivery.EndpointId,
        MessageId = delivery.Message.Id,
        Url = "https://receiver.example/hook",
        Trigger = delivery.Trigger,
        Number = delivery.Trigger == Trigger.Manual ? 0 : delivery.Attempts + 1,
        StartedAt = Clock.GetUtcNow(),
        DurationMs = 20,
        Outcome = outcome,
        StatusCode = outcome == SendOutcome.Success ? 200 : 500,
        ResponseBody = "answer"u8.ToArray(),
    };

    private Settlement Delivered(Delivery delivery) =>
        new(NewAttempt(delivery), delivery.Seq, delivery.Trigger, DeliveryEnd.Delivered, 0, delivery.Attempts + 1);

    private Settlement Ended(Delivery delivery, DeliveryEnd end) =>
        new(NewAttempt(delivery, SendOutcome.Refused), delivery.Seq, delivery.Trigger, end, 0, delivery.Attempts + 1);

    private Settlement Retried(Delivery delivery, TimeSpan after) => new(
        NewAttempt(delivery, SendOutcome.Refused), delivery.Seq, delivery.Trigger, null,
        (Clock.GetUtcNow() + after).ToUnixTimeMilliseconds(), delivery.Attempts + 1);

    private Task<bool> SettleAsync(params Settlement[] settlements) => SettleAsync(_node, settlements);

    private Task<bool> SettleAsync(Id<Node> node, params Settlement[] settlements) =>
        Deliveries.SettleAsync(new SettleBatch(node, settlements, [], []), default);

    private Task<bool> ReleaseAsync(Id<Node> node, params Id<Endpoint>[] lanes) =>
        Deliveries.SettleAsync(new SettleBatch(node, [], [], lanes), default);

    private async Task<DeliveryState?> StateAsync(Message message, Id<Endpoint> endpoint) =>
        (await History.ReadDeliveriesAsync(message, default)).SingleOrDefault(state => state.EndpointId == endpoint);
}
