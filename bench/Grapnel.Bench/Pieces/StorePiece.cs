using BenchmarkDotNet.Attributes;
using Grapnel.Bench.Tools;
using Grapnel.Sending;
using Grapnel.Storage;
using Grapnel.Storage.Sqlite;

namespace Grapnel.Bench.Pieces;

/// <summary>What an event costs the embedded store, syncs included, when 256 share one commit for accepting and one for settling.</summary>
public class StorePiece
{
    private const int BatchSize = 256;
    private readonly IdGenerator _ids = new(TimeProvider.System);
    private string _folder = "";
    private SqliteStore _store = null!;
    private Endpoint _endpoint = null!;
    private Id<Node> _node;

    /// <summary>Where to make the store: on the disk that is to be measured.</summary>
    internal static string Root { get; set; } = Path.GetTempPath();

    [GlobalSetup]
    public async Task OpenAsync()
    {
        _folder = Path.Combine(Root, $"store-{Guid.NewGuid():N}");
        _store = await SqliteStore.OpenAsync(new SqliteStoreOptions { Data = _folder }, TimeProvider.System);
        var now = TimeProvider.System.GetUtcNow();
        var application = new Application { Id = _ids.Next<Application>(), Name = "bench", CreatedAt = now, UpdatedAt = now };
        await _store.Catalog.AddApplicationAsync(application, default);
        _endpoint = new Endpoint
        {
            Id = _ids.Next<Endpoint>(), ApplicationId = application.Id, Url = "https://example.com/",
            Secrets = [new EndpointSecret(new byte[32], null)], CreatedAt = now, UpdatedAt = now,
        };
        await _store.Catalog.AddEndpointAsync(_endpoint, default);
        _node = await _store.Deliveries.JoinAsync("bench", NodeRoles.All, default);
    }

    [Benchmark(Description = "Accept and settle in the store, per event", OperationsPerInvoke = BatchSize)]
    public async Task<bool> AcceptAndSettle()
    {
        var now = TimeProvider.System.GetUtcNow();
        var messages = Enumerable.Range(0, BatchSize).Select(_ => NewMessage(now)).ToArray();
        var items = messages.Select(message => new AcceptItem(message, [_endpoint.Id], null)).ToArray();
        var accepted = await _store.Deliveries.AcceptAsync(new AcceptBatch(_node, items, [_endpoint.Id]), default);
        var settled = messages.Zip(accepted.Receipts, (message, receipt) => Delivered(message, receipt.Seqs.Span[0], now)).ToArray();
        return await _store.Deliveries.SettleAsync(new SettleBatch(_node, settled, [], []), default);
    }

    [GlobalCleanup]
    public async Task CloseAsync() => await _store.DisposeAsync();

    private Message NewMessage(DateTimeOffset now) => new()
    {
        Id = _ids.Next<Message>(), ApplicationId = _endpoint.ApplicationId, EventType = "bench.event", Payload = Body.Bytes,
        AcceptedAt = now, RouteVersion = 1,
    };

    private Settlement Delivered(Message message, long seq, DateTimeOffset now)
    {
        var attempt = new Attempt
        {
            Id = _ids.Next<Attempt>(), ApplicationId = message.ApplicationId, EndpointId = _endpoint.Id, MessageId = message.Id,
            Url = _endpoint.Url, Number = 1, StartedAt = now, DurationMs = 3, Outcome = SendOutcome.Success, StatusCode = 200,
        };
        return new Settlement(attempt, seq, Trigger.Scheduled, DeliveryEnd.Delivered, DueAt: 0, Attempts: 1);
    }
}
