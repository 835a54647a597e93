using System.ComponentModel.DataAnnotations;
using Grapnel.Housekeeping;

namespace Grapnel.Server.Api.Description;

internal static class ReplayOperations
{
    private const string Tag = "Endpoint";
    private const string Begun = "A background task has begun; ask `/background-task/{id}` how far it is.";
    private const string Example = """{"since":"2026-01-01T00:00:00Z","dryRun":true}""";
    private const string Details = """
        `since` and `until` are times of acceptance. With `dryRun` nothing is done: the answer counts what would be, as far as that can be counted quickly.
        It goes no faster than `rate` messages per second, 1 to 100,000, by default 1,000. Progress survives restarts, and a page of messages is sent again exactly once.
        """;

    public static Operation Recover { get; } = new(Tag, "recover", "Send once more what failed for good")
    {
        Details = $"Every message whose delivery was exhausted, and that has not been delivered since. `since` lies 14 days back at most. {Details}",
        Body = RequestContent.Of<RecoverIn>(Example.Replace("2026-01-01T00:00:00Z", "2026-11-20T00:00:00Z")),
        Answers = [Answer.Accepted<BackgroundTaskOut>(Begun), Answer.Ok<ReplayCountOut>("What would be sent (`dryRun`).")],
    };

    public static Operation ReplayMissing { get; } = new(Tag, "replay-missing", "Send what the endpoint never got")
    {
        Details = $"Every message that the endpoint was never owed and that matches what it subscribes to now, as ordinary deliveries with the whole retry schedule. {Details}",
        Body = RequestContent.Of<RecoverIn>(Example),
        Answers = [Answer.Accepted<BackgroundTaskOut>(Begun), Answer.Ok<ReplayCountOut>("What would be sent (`dryRun`).")],
    };

    public static Operation BulkReplay { get; } = new(Tag, "bulk-replay", "Send once more whatever matches")
    {
        Details = $"Every message that the endpoint was ever owed and that matches, whatever became of it. {Details}",
        Body = RequestContent.Of<BulkReplayIn>("""{"since":"2026-01-01T00:00:00Z","eventTypes":["order.placed"],"dryRun":true}"""),
        Answers = [Answer.Accepted<BackgroundTaskOut>(Begun), Answer.Ok<ReplayCountOut>("What would be sent (`dryRun`).")],
    };

    public static Operation CancelOlder { get; } = new(Tag, "cancel-msgs", "End what is pending of messages accepted before a time")
    {
        Body = RequestContent.Of<CancelMsgsIn>("""{"createdBefore":"2026-01-01T00:00:00Z"}"""),
        Answers = [Answer.NoContent()],
    };

    public static Operation Broadcast { get; } = new("Message", "broadcast", "Publish a message to every application")
    {
        Details = "Each application gets it once, whatever happens to the server meanwhile. The application of the operator is left out.",
        Body = RequestContent.Of<MessageIn>("""{"eventType":"terms.changed","payload":{"from":"2027-01-01"}}"""),
        Answers = [Answer.Accepted<BackgroundTaskOut>(Begun)],
    };

    public static Operation ListTasks { get; } = new("Background Task", "list", "List background tasks, the newest first")
    {
        Query =
        [
            .. QueryParameter.OrderedPage("descending"),
            QueryParameter.Word("status", "Only these; `cancelled` ones are among the `failed`, too.", null, "running", "finished", "failed", "cancelled"),
            QueryParameter.Of<string>("task", "Only of this kind: `endpoint.recover`, `endpoint.replay`, `endpoint.bulk-replay` or `message.broadcast`."),
        ],
        Answers = [Answer.Ok<ListOut<BackgroundTaskOut>>("A page.")],
    };

    public static Operation GetTask { get; } = new("Background Task", "get", "Get a background task") { Answers = [Answer.Ok<BackgroundTaskOut>()] };

    public static Operation CancelTask { get; } = new("Background Task", "cancel", "Stop a background task")
    {
        Details = "What it has done stays done.",
        Answers = [Answer.Ok<BackgroundTaskOut>()],
    };
}

/// <summary>Which messages to send.</summary>
internal record RecoverIn
{
    /// <summary>Accepted from this time on.</summary>
    public required DateTime Since { get; init; }

    /// <summary>Accepted before this time; now, without it.</summary>
    public DateTime? Until { get; init; }

    /// <summary>Messages per second at most; null for 1,000.</summary>
    [Range(1, ReplayInput.MaxRate)]
    public int? Rate { get; init; }

    /// <summary>Count, and do nothing. Default false.</summary>
    public bool? DryRun { get; init; }
}

/// <summary>Which messages to send.</summary>
internal sealed record BulkReplayIn : RecoverIn
{
    /// <summary>Of these event types; null for any.</summary>
    public IReadOnlyList<string>? EventTypes { get; init; }

    /// <summary>On this channel.</summary>
    public string? Channel { get; init; }

    /// <summary>With this tag.</summary>
    public string? Tag { get; init; }

    /// <summary>Whose delivery succeeded (0), is pending (1), failed (2), is being sent (3) or was cancelled (4).</summary>
    [Range(0, 4)]
    public int? Status { get; init; }

    /// <summary>That the receiver answered with this class of status, 100 to 500, or with nothing (0).</summary>
    public int? StatusCodeClass { get; init; }
}

/// <summary>Which deliveries to end.</summary>
internal sealed record CancelMsgsIn
{
    /// <summary>Those of messages accepted before this time.</summary>
    public required DateTime CreatedBefore { get; init; }
}
