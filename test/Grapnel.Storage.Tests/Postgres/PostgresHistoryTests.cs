using Grapnel.Sending;
using Grapnel.Storage.Postgres;
using Grapnel.Storage.Tests.Conformance;

namespace Grapnel.Storage.Tests.Postgres;

/// <summary>What tests of long histories share: a store, a clock, and messages.</summary>
public abstract class PostgresHistoryTests : IAsyncLifetime
{
    private protected TestClock Clock { get; } = new(StoreConformance.Start);

    private protected PostgresUnderTest Under { get; private set; } = null!;

    private protected PostgresStore Store => Under.Store;

    private protected IdGenerator Ids => field ??= new IdGenerator(Clock);

    private protected Id<Application> Tenant { get; private set; }

    private protected Id<Node> Node { get; private set; }

    public async ValueTask InitializeAsync()
    {
        Under = await PostgresUnderTest.OpenAsync(Clock, isNew: true);
        (Tenant, Node) = (Ids.Next<Application>(), await Store.Deliveries.JoinAsync("node", NodeRoles.All, default));
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Under.DisposeAsync();
    }

    private protected Message NewMessage(string eventType = "often") => new()
    {
        Id = Ids.Next<Message>(), ApplicationId = Tenant, EventType = eventType, Channels = ["all"], AcceptedAt = Clock.GetUtcNow(),
        Payload = "{}"u8.ToArray(), RouteVersion = 1,
    };

    private protected async Task<IReadOnlyList<AcceptReceipt>> AcceptAsync(IEnumerable<Message> messages, params Id<Endpoint>[] lanes) =>
        (await Store.Deliveries.AcceptAsync(
            new AcceptBatch(Node, [.. messages.Select(message => new AcceptItem(message, lanes, null))], []), default)).Receipts;

    private protected Settlement Settle(Message message, AcceptReceipt receipt, Id<Endpoint> lane, SendOutcome outcome) => new(
        new Attempt
        {
            Id = Ids.Next<Attempt>(), ApplicationId = Tenant, EndpointId = lane, MessageId = message.Id, Url = "https://a.example",
            StartedAt = Clock.GetUtcNow(), DurationMs = 1, Outcome = outcome, Number = 1, StatusCode = outcome == SendOutcome.Success ? 200 : 500,
        },
        receipt.Seqs.Span[0], Trigger.Scheduled, outcome == SendOutcome.Success ? DeliveryEnd.Delivered : DeliveryEnd.Exhausted, 0, 1);
}
