using Grapnel.Storage.Catalog;
using Grapnel.Storage.Sqlite;

namespace Grapnel.Storage.Copying;

/// <summary>Every table, and what becomes of it. A test holds this against the tables that there are.</summary>
internal static class TableCopies
{
    /// <summary>Tables that are copied, in order: small ones first, so that what cannot work fails early.</summary>
    public static IReadOnlyList<TableCopy> All { get; } =
    [
        new("application", "id"),
        new("event_type", "name"),
        new("endpoint", "id"),
        new("endpoint_revision", "endpoint_id", "version"),
        new("schedule", "id"),
        new("api_key", "id"),
        new("token_revocation", "subject", "before"),
        new("installation_secret", "name"),
        new("user", "id"),
        new("key_ring", "name"),
        new("inbox", "id"),
        new("endpoint_health", "endpoint_id"),
        new("paused_lane", "endpoint_id"),
        // The others are of the embedded store alone: see LeftOutCounters.
        new("counter", "name") { Where = $"name NOT IN ({string.Join(", ", LeftOutCounters.Select(name => $"'{name}'"))})" },
        new("pending_part", "name")
        {
            From = "counter", Where = "name = 'pending'",
            Expressions = new Dictionary<string, string> { ["writer"] = "zeroblob(16)", ["part"] = "2", ["value"] = "(SELECT count(*) FROM delivery)" },
        },
        // Nobody works on anything until a server is started.
        new("background_task", "id") { Expressions = new Dictionary<string, string> { ["node_id"] = "NULL" } },
        new("alert", "key"),
        new("erased_endpoint", "application_id", "endpoint_id"),
        new("audit_log", "id"),
        new("inbox_request", "id"),
        // One row for all writers: whoever reads adds them up.
        new("rollup", "width", "start", "scope") { Expressions = new Dictionary<string, string> { ["writer"] = "zeroblob(16)" } },
        new("idempotency", "n")
        {
            LeftOut = new Dictionary<string, string> { ["n"] = "stands in the entries", ["expires_at"] = "stands in the entries, of each" },
            Packed = new Packing("entries", ["key", "fingerprint", "response", "expires_at"], packed => IdempotencyChunk.Entries(packed).Select(entry =>
                new object?[] { Uuid.Of(entry.Key), Uuid.Of(entry.Fingerprint), entry.Response, entry.ExpiresAt.ToUnixTimeMilliseconds() })),
        },
        new("message", "n") { Expressions = new Dictionary<string, string> { ["place"] = "n" } },
        new("message_event", "application_id", "event_id")
        {
            From = "message", Where = "event_id IS NOT NULL", Expressions = new Dictionary<string, string> { ["message_id"] = "id" },
        },
        new("message_label", "application_id", "label", "message_id"),
        new("finished_delivery", "message_id", "endpoint_id") { LeftOut = new Dictionary<string, string> { ["message_n"] = "found by the id" } },
        new("attempt", "message_id", "id"),
        new("delivery", "d.endpoint_id", "d.stage", "d.seq")
        {
            From = "delivery d LEFT JOIN message m ON m.n = d.message_n",
            Expressions = new Dictionary<string, string>
            {
                ["endpoint_id"] = "d.endpoint_id", ["message_id"] = "m.id", ["bytes"] = "coalesce(length(m.payload), 0)",
            },
            LeftOut = new Dictionary<string, string> { ["message_n"] = "the message's id takes its place" },
        },
    ];

    /// <summary>Tables of the source that are not copied, each with the reason.</summary>
    public static IReadOnlyDictionary<string, string> LeftOut { get; } = new Dictionary<string, string>
    {
        ["node"] = "nobody uses the target yet",
        ["lane"] = "nobody owns a lane of the target yet",
        ["idempotency_index"] = "the target finds entries by their keys",
        ["__EFMigrationsHistory"] = "the target has migrations of its own",
        ["__EFMigrationsLock"] = "the target has migrations of its own",
    };

    /// <summary>Tables of the target that nothing is copied to, each with the reason.</summary>
    public static IReadOnlyDictionary<string, string> OfTargetAlone { get; } = new Dictionary<string, string>
    {
        ["node"] = "nobody uses it yet",
        ["lane"] = "nobody owns a lane yet",
        ["limit_share"] = "no node has a part of a limit yet",
        ["history_partition"] = "made for the history that is copied",
        ["__EFMigrationsHistory"] = "what made the tables",
    };

    /// <summary>Counters that the target keeps in another way: as the sequence of places, as <c>pending_part</c>, not at all, and as times, which begin anew.</summary>
    public static string[] LeftOutCounters => ["seq", "pending", "idempotency", "payload_sweep", "attempt_sweep"];
}
