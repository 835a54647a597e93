using Grapnel.Sending;
using Grapnel.Storage;
using Grapnel.Storage.Sqlite;

namespace Grapnel.Bench.Tools;

/// <summary>
/// A store with a long history, filled through the store's own verbs in large batches: every message went to three endpoints. One message in a
/// thousand is on the channel <c>rare</c>, one attempt in fifty failed, and the third endpoint has never succeeded.
/// </summary>
internal sealed class LongHistory
{
    public const string Rare = "rare";
    private const int BatchSize = 2_000;
    private readonly IdGenerator _ids = new(TimeProvider.System);
    private Id<Node> _node;
    private long _count;

    public string Application { get; private set; } = "";

    public Endpoint[] Endpoints { get; private set; } = [];

    /// <summary>An early message, to ask about.</summary>
    public Id<Message> Message { get; private set; }

    /// <summary>When about half of it had been written.</summary>
    public DateTimeOffset Middle { get; private set; }

    public static async Task<LongHistory> FillAsync(string data, int messages, CancellationToken cancel)
    {
        var history = new LongHistory();
        await using var store = await SqliteStore.OpenAsync(
            new SqliteStoreOptions { Data = data, Synchronous = SqliteSynchronous.Normal }, TimeProvider.System, cancel);
        await history.CreateAsync(store, cancel);
        while (history._count < messages)
        {
            await history.AddBatchAsync(store, cancel);
            if (history.Middle == default && history._count >= messages / 2)
                history.Middle = TimeProvider.System.GetUtcNow();
            if (history._count % 100_000 == 0)
                Workbench.Say($"filled {history._count:N0} of {messages:N0}");
        }
        await store.Deliveries.LeaveAsync(history._node, cancel);
        return history;
    }

    private async Task CreateAsync(SqliteStore store, CancellationToken cancel)
    {
        var now = TimeProvider.System.GetUtcNow();
        var application = new Application { Id = _ids.Next<Application>(), Name = "long", CreatedAt = now, UpdatedAt = now };
        await store.Catalog.AddApplicationAsync(application, cancel);
        Application = application.Id.ToString();
        Endpoints = [.. Enumerable.Range(0, 3).Select(i => new Endpoint
        {
            Id = _ids.Next<Endpoint>(), ApplicationId = application.Id, Url = $"http://127.0.0.1:9/{i}",
            Secrets = [new EndpointSecret(new byte[32], null)], CreatedAt = now, UpdatedAt = now,
        })];
        foreach (var endpoint in Endpoints)
            await store.Catalog.AddEndpointAsync(endpoint, cancel);
        _node = await store.Deliveries.JoinAsync("bench", NodeRoles.All, cancel);
    }

    private async Task AddBatchAsync(SqliteStore store, CancellationToken cancel)
    {
        var now = TimeProvider.System.GetUtcNow();
        var lanes = Endpoints.Select(endpoint => endpoint.Id).ToArray();
        var items = Enumerable.Range(0, BatchSize).Select(_ => new AcceptItem(NewMessage(now), lanes, null)).ToArray();
        var accepted = await store.Deliveries.AcceptAsync(new AcceptBatch(_node, items, []), cancel);
        var settlements = items.SelectMany((item, i) =>
            Endpoints.Select((endpoint, n) => SettlementOf(item.Message, endpoint, n, accepted.Receipts[i].Seqs.Span[n], now)));
        await store.Deliveries.SettleAsync(new SettleBatch(_node, [.. settlements], [], []), cancel);
        if (Message == default)
            Message = items[0].Message.Id;
    }

    private Message NewMessage(DateTimeOffset now) => new()
    {
        Id = _ids.Next<Message>(), ApplicationId = Endpoints[0].ApplicationId, EventType = $"bench.event.{_count % 10}", Payload = Body.Bytes,
        AcceptedAt = now, RouteVersion = 1, Channels = _count++ % 1_000 == 0 ? [Rare] : null,
    };

    private Settlement SettlementOf(Message message, Endpoint endpoint, int n, long seq, DateTimeOffset now)
    {
        var failed = n == 2 || _count % 50 == 0;
        var attempt = new Attempt
        {
            Id = _ids.Next<Attempt>(), ApplicationId = message.ApplicationId, EndpointId = endpoint.Id, MessageId = message.Id, Url = endpoint.Url,
            Number = 1, StartedAt = now, DurationMs = 3, Outcome = failed ? SendOutcome.Refused : SendOutcome.Success,
            StatusCode = failed ? 500 : 200, ResponseBody = Body.Bytes,
        };
        return new Settlement(attempt, seq, Trigger.Scheduled, failed ? DeliveryEnd.Exhausted : DeliveryEnd.Delivered, DueAt: 0, Attempts: 1);
    }
}
