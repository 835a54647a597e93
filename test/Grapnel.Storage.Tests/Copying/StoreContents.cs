using System.Text.Json;
using System.Text.Json.Serialization;

namespace Grapnel.Storage.Tests.Copying;

/// <summary>Everything that a store tells of what it holds, read through what the engine reads, as lines that can be compared.</summary>
internal static class StoreContents
{
    private static readonly PageRequest All = new(250);
    private static readonly TroubleRule Rule = new(2, TimeSpan.FromMinutes(1));
    private static readonly JsonSerializerOptions Json = new() { IncludeFields = true, Converters = { new MemoryConverter() } };

    public static async Task<List<string>> ReadAsync(IStore store, DateTimeOffset now)
    {
        var lines = new List<string>();
        void Add(string what, object? value) => lines.Add($"{what}: {JsonSerializer.Serialize(value, Json)}");
        void AddAll<T>(string what, IEnumerable<T> values)
        {
            foreach (var value in values)
                Add(what, value);
        }

        AddAll("key", await store.Catalog.ReadApiKeysAsync(default));
        AddAll("revocation", await store.Catalog.ReadTokenRevocationsAsync(now, default));
        Add("secret", (await store.Catalog.EnsureSecretAsync(new InstallationSecret("tokens", [0]), default)).Value);
        AddAll("type", (await store.Catalog.ListEventTypesAsync(All, true, null, default)).Items);
        Add("routes", (await store.Catalog.ReadRouteChangesAsync(0, default)).Version);
        AddAll("user", await store.Console.ReadUsersAsync(default));
        AddAll("ring", await store.Console.ReadKeyRingAsync(default));
        AddAll("audit", (await store.Console.ListAuditEntriesAsync(new AuditFilter(), All, default)).Items);
        Add("inboxes", await store.Console.CountInboxesAsync(default));
        AddAll("alert", await store.Alerts.ReadAsync(default));
        AddAll("task", (await store.Tasks.ListAsync(new BackgroundTaskFilter(), All, default)).Items);
        foreach (var task in (await store.Tasks.ListAsync(new BackgroundTaskFilter(), All, default)).Items)
            Add("task", await store.Tasks.FindAsync(task.Id, default));
        for (var i = 0; i < FilledStore.Keys; i++)
            Add($"answered {i}", await store.Idempotency.FindAsync(FilledStore.Key(i), default));

        Add("pending", await store.Statistics.CountPendingAsync(default));
        Add("endpoints", await store.Statistics.CountEndpointsAsync(Rule, default));
        Add("troubled", await store.Statistics.ReadTroubledAsync(Rule, null, 100, default));
        Add("backlog", await store.History.ReadBacklogAsync(default));
        Add("lanes", (await store.History.ListLanesAsync(null, All, default)).Items);
        Add("deleted lanes", await store.Catalog.FindDeletedLanesAsync(100, default));

        var lanes = new List<Id<Endpoint>>(await store.Catalog.FindDeletedLanesAsync(100, default));
        foreach (var application in (await store.Catalog.ListApplicationsAsync(All, default)).Items)
        {
            Add("application", application);
            var endpoints = (await store.Catalog.ListEndpointsAsync(application.Id, All, default)).Items;
            AddAll("endpoint", endpoints);
            lanes.AddRange(endpoints.Select(endpoint => endpoint.Id));
            AddAll("schedule", (await store.Catalog.ListSchedulesAsync(application.Id, All, default)).Items);
            Add("contents", await store.History.CountContentsAsync(application.Id, 1000, default));
            AddAll("message", (await store.History.ListMessagesAsync(application.Id, new MessageFilter(), All, default)).Items);
            foreach (var filter in new MessageFilter[] { new(Channel: "red"), new(Tag: "vip"), new(EventTypes: ["type.1"]) })
                Add($"by {filter}", (await store.History.ListMessagesAsync(application.Id, filter, All, default)).Items.Select(message => message.Id.ToString()));
            Add("statistics", await SumAsync(RollupScope.Of(application.Id)));
        }
        Add("statistics", await SumAsync(RollupScope.Installation));
        foreach (var lane in lanes)
        {
            Add("statistics", await SumAsync(RollupScope.Of(lane)));
            Add("health", await store.History.FindHealthAsync(lane, default));
            Add("lane", await store.Statistics.ReadLanesAsync([lane], default));
            Add("due", await store.Deliveries.ReadLaneAsync(new LaneRead(lane, true, 0, now.ToUnixTimeMilliseconds(), 1000, long.MaxValue, new HashSet<long>()), default));
            Add("later", await store.Deliveries.ReadLaneAsync(
                new LaneRead(lane, false, 0, now.AddDays(10).ToUnixTimeMilliseconds(), 1000, long.MaxValue, new HashSet<long>()), default));
            for (var version = 0; version < 20; version++)
                Add($"revision {version}", await store.Catalog.FindRevisionAsync(lane, version, default));
        }

        foreach (var row in await RowsAsync(null))
        {
            Add("row", (row.Message, row.Progress));
            Add("state", (await store.History.ReadDeliveriesAsync(row.Message, default)).OrderBy(state => state.EndpointId));
            Add("destination", (await store.History.ListDestinationsAsync(row.Message, (_, _) => false, All, default)).Items);
            Add("event", row.Message.EventId is { } id ? (await store.Search.FindByEventIdAsync(id, 10, default)).Select(message => message.Id.ToString()) : null);
            foreach (var attempt in (await store.History.ListAttemptsAsync(row.Message.ApplicationId, new AttemptFilter(row.Message.Id), All, default)).Items)
            {
                Add("attempt", await store.History.FindAttemptAsync(row.Message.Id, attempt.Id, default));
                Add("headers", await store.History.FindAttemptHeadersAsync(row.Message.Id, attempt.Id, default));
            }
        }
        foreach (var status in Enum.GetValues<MessageStatus>())
            Add($"{status}", (await RowsAsync(status)).Select(row => row.Message.Id.ToString()));
        return lines;

        async Task<IReadOnlyList<MessageRow>> RowsAsync(MessageStatus? status)
        {
            var (rows, page) = (new List<MessageRow>(), All with { Descending = true });
            while (true)
            {
                var next = await store.History.ListMessageRowsAsync(new MessageRowFilter { Status = status }, page, default);
                rows.AddRange(next.Items);
                if (next.Done)
                    return rows;
                page = page with { Iterator = next.Iterator ?? next.Items[^1].Position };
            }
        }

        async Task<object> SumAsync(RollupScope scope) => await store.Statistics.SumAsync([scope], now.AddDays(-5), now.AddDays(1), TimeSpan.FromHours(1), default);
    }

    private sealed class MemoryConverter : JsonConverter<ReadOnlyMemory<byte>>
    {
        public override ReadOnlyMemory<byte> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, ReadOnlyMemory<byte> value, JsonSerializerOptions options) => writer.WriteBase64StringValue(value.Span);
    }
}
