namespace Grapnel.Server.Api.Description;

/// <summary>What is going on, and how it went.</summary>
internal static class StateOperations
{
    private const string EndpointTag = "Endpoint";
    private const string NodeTag = "Operation";
    private static readonly IReadOnlyList<QueryParameter> Range =
    [
        QueryParameter.Of<DateTime>("since", "From this time on, at most 28 days. Without it: 28 days before `until`."),
        QueryParameter.Of<DateTime>("until", "Up to this time. Without it: now."),
    ];

    private static readonly Dictionary<int, string> BadRange = new() { [400] = "The range is too long, or lies in the future." };

    public static Operation Stats { get; } = new(EndpointTag, "get-stats", "Count the attempts at an endpoint")
    {
        Query = Range, Answers = [Answer.Ok<EndpointStatsOut>("The counts.")], Errors = BadRange,
    };

    public static Operation StatsHistory { get; } = new(EndpointTag, "get-stats-history", "Count the attempts at an endpoint by minute, hour or day")
    {
        Query = [.. Range, QueryParameter.Word("period", "Without it: what fits the range. There are 1,500 periods at most.", null, "minute", "hour", "day")],
        Answers = [Answer.Ok<StatsHistoryOut>("The counts; periods without an attempt are left out.")],
        Errors = BadRange,
    };

    public static Operation RateLimitStatus { get; } = new(EndpointTag, "get-throttling-status", "Tell whether the throttle rate holds an endpoint up")
    {
        Answers = [Answer.Ok<RateLimitStatusOut>()],
    };

    public static Operation EndpointLane { get; } = new(EndpointTag, "get-lane", "Tell what is pending for an endpoint") { Answers = [Answer.Ok<LaneOut>()] };

    public static Operation Pause { get; } = new(EndpointTag, "pause", "Send nothing to an endpoint for now, and queue everything")
    {
        Details = "Unlike one that is disabled, a paused endpoint is still owed new messages. It stays paused over restarts, until it is resumed. Attempts in flight go on.",
        Answers = [Answer.Ok<LaneOut>("It is paused.")],
    };

    public static Operation Resume { get; } = new(EndpointTag, "resume", "Send what was queued while an endpoint was paused")
    {
        Details = "What failed before the pause is forgotten: the endpoint gets a fair try, slowly at first.",
        Answers = [Answer.Ok<LaneOut>("It is not paused.")],
    };

    public static Operation Lanes { get; } = new(NodeTag, "lanes", "List endpoints that have something pending")
    {
        Query = [.. QueryParameter.OrderedPage("ascending"), QueryParameter.Of<string>("application", "Only those of this application, by id or uid.")],
        Answers = [Answer.Ok<ListOut<LaneOut>>("A page, by endpoint id.")],
    };

    public static Operation Backlog { get; } = new(NodeTag, "backlog", "Tell how much is pending in all") { Answers = [Answer.Ok<BacklogOut>()] };

    public static Operation Nodes { get; } = new(NodeTag, "nodes", "List the running processes") { Answers = [Answer.Ok<ListOut<NodeOut>>("All of them.")] };

    public static Operation Health { get; } = new("Health", "get", "Tell whether the server can do its work")
    {
        Answers = [Answer.NoContent("It can.")],
        Errors = new Dictionary<int, string> { [503] = "It cannot just now." },
    };

    public static Operation Ping { get; } = new("Health", "ping", "Tell that the server answers") { Answers = [Answer.NoContent("It does.")] };

    public static Operation Live { get; } = new("Health", "live", "Tell that the process answers")
    {
        Answers = [Answer.Ok<HealthOut>("It does.") with { Example = """{"status":"ok"}""" }],
    };

    public static Operation Ready { get; } = new("Health", "ready", "Tell whether the server can do its work, and what is missing")
    {
        Details = "For load balancers and for people. A node that accepts messages and cannot send them for now is `degraded` and answers 200: what it accepts is durable, and sent later.",
        Answers = [Answer.Ok<HealthOut>("It can."), new Answer(503, "It cannot just now.", typeof(HealthOut)) { Example = """{"status":"unavailable","store":"ok","deliveries":"unavailable"}""" }],
    };

    public static Operation Tail { get; } = new("Message Attempt", "tail", "Watch attempts as they are made")
    {
        Details = "Server-sent events: `attempt` with an attempt and its message (without payload), `dropped` with a count when you read too slowly; a comment every 15 s. Ends when the key or token stops working.",
        Query =
        [
            QueryParameter.Of<string>("endpoint_id", "Only those at this endpoint."),
            QueryParameter.Number("status", "Only those that succeeded (0) or failed (2).", 0, 2),
            Filters.Channel, Filters.Tag, Filters.EventTypes,
        ],
        Answers = [new Answer(200, "A stream without an end.") { MediaType = "text/event-stream", Example = "event: attempt\nid: atmpt_0353nmmjRaYYhP3jWgAoiW\ndata: {…}\n\n" }],
        Errors = new Dictionary<int, string> { [400] = "There are as many listeners as there may be: 25 of an application, 100 in all." },
    };
}

/// <summary>How the server is.</summary>
/// <param name="Status"><c>ok</c>; <c>degraded</c> when it should get work and somebody should see to it; or <c>unavailable</c>.</param>
internal sealed record HealthOut(string Status)
{
    /// <summary>Whether the store answers, and takes what is written: <c>ok</c> or <c>unavailable</c>, as for the others.</summary>
    public string? Store { get; init; }

    /// <summary>Whether Redis answers, where it is the queue. While it is away, messages are accepted and sent later.</summary>
    public string? Queue { get; init; }

    /// <summary>Whether deliveries are being made.</summary>
    public string? Deliveries { get; init; }

    /// <summary>The disk of the data folder, with the embedded store: also <c>low</c>.</summary>
    public string? Disk { get; init; }
}
