using System.Diagnostics;
using Grapnel.Sending;
using Grapnel.Storage.Catalog;
using Grapnel.Storage.Postgres;
using Grapnel.Storage.Tests.Conformance;
using Grapnel.Testing;
using Npgsql;

namespace Grapnel.Storage.Tests.Postgres;

/// <summary>What tests of PostgreSQL share: a database, stores on it that are nodes to each other, a clock, and messages.</summary>
public abstract class PostgresTests : IAsyncLifetime
{
    private readonly List<PostgresStore> _stores = [];

    private protected TestClock Clock { get; } = new(StoreConformance.Start);

    private protected PostgresUnderTest Under { get; private set; } = null!;

    private protected PostgresServer Server { get; private set; } = null!;

    private protected PostgresStore Store => Under.Store;

    private protected IdGenerator Ids => field ??= new IdGenerator(Clock);

    private protected Id<Application> Tenant { get; private set; }

    private protected Id<Node> Node { get; private set; }

    public async ValueTask InitializeAsync()
    {
        Server = await PostgresServer.Shared;
        Under = await PostgresUnderTest.OpenAsync(Clock, isNew: true);
        Tenant = Ids.Next<Application>();
        Node = await Store.Deliveries.JoinAsync("node", NodeRoles.All, default);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var store in _stores)
            await store.DisposeAsync();
        await Under.DisposeAsync();
    }

    /// <summary>Another process on the same database.</summary>
    private protected async Task<PostgresStore> OpenAnotherAsync()
    {
        var store = await PostgresStore.OpenAsync(PostgresUnderTest.Options(Server, Under.Database), Clock);
        lock (_stores)
            _stores.Add(store);
        return store;
    }

    /// <summary>A connection past the store, with a transaction open on it.</summary>
    private protected async Task<NpgsqlConnection> BeginAsync(params string[] statements)
    {
        var connection = new NpgsqlConnection(Server.ConnectionString(Under.Database) + ";Pooling=false");
        await connection.OpenAsync();
        foreach (var sql in statements.Prepend("BEGIN"))
            await RunAsync(connection, sql);
        return connection;
    }

    private protected static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Waits until something waits for a lock in this database.</summary>
    private protected async Task WaitForWaiterAsync(int count = 1)
    {
        var since = Stopwatch.GetTimestamp();
        while (await CountAsync("""
            SELECT count(DISTINCT l.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE NOT l.granted AND a.datname = current_database()
            """) < count)
            Stopwatch.GetElapsedTime(since).ShouldBeLessThan(TimeSpan.FromSeconds(30), $"{count} should wait for a lock.");
    }

    private protected Task<long> CountAsync(string sql) => Store.Database.ReadAsync(session => session.Prepare(sql).Int64Async(), default);

    private protected Task<List<string>> TextsAsync(string sql) =>
        Store.Database.ReadAsync(session => session.Prepare(sql).RowsAsync(row => row.Text(0)), default);

    private protected Message NewMessage(string? eventId = null) => new()
    {
        Id = Ids.Next<Message>(), ApplicationId = Tenant, EventType = "order.created", EventId = eventId, Payload = "{}"u8.ToArray(),
        Channels = ["red"], AcceptedAt = Clock.GetUtcNow(), RouteVersion = 1,
    };

    private protected Task<AcceptResult> AcceptAsync(params AcceptItem[] items) => Store.Deliveries.AcceptAsync(new AcceptBatch(Node, items, []), default);

    private protected async Task<Message> PublishAsync(params Id<Endpoint>[] lanes)
    {
        var message = NewMessage($"event-{Guid.NewGuid()}");
        await AcceptAsync(new AcceptItem(message, lanes, null));
        return message;
    }

    private protected async Task<IReadOnlyList<Delivery>> ReadAsync(Id<Endpoint> lane, PostgresStore? store = null) =>
        (await (store ?? Store).Deliveries.ReadLaneAsync(
            new LaneRead(lane, false, 0, Clock.GetUtcNow().ToUnixTimeMilliseconds(), 1_000, long.MaxValue, new HashSet<long>()), default)).Deliveries;

    private protected Settlement Delivered(Delivery delivery) => new(
        new Attempt
        {
            Id = Ids.Next<Attempt>(), ApplicationId = Tenant, EndpointId = delivery.EndpointId, MessageId = delivery.Message.Id, Url = "https://receiver.example",
            Trigger = delivery.Trigger, Number = 1, StartedAt = Clock.GetUtcNow(), DurationMs = 20, Outcome = SendOutcome.Success, StatusCode = 200,
        }, delivery.Seq, delivery.Trigger, DeliveryEnd.Delivered, 0, 1);

    private protected Task<bool> SettleAsync(Id<Node> node, IEnumerable<Delivery> deliveries, PostgresStore? store = null) =>
        (store ?? Store).Deliveries.SettleAsync(new SettleBatch(node, [.. deliveries.Select(Delivered)], [], []), default);

    private protected async Task<int> PruneAsync(DateTimeOffset before, PostgresStore? store = null, int limit = 10)
    {
        var steps = 0;
        PrunePosition? at = null;
        do
        {
            at = await (store ?? Store).History.PruneAsync(before, at, limit, default);
            steps++;
        }
        while (at is not null);
        return steps;
    }

    private protected static string Quoted<T>(Id<T> id) where T : IIdentified => $"'{Uuid.Of(id)}'";
}
