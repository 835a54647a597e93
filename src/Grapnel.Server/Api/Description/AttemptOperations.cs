namespace Grapnel.Server.Api.Description;

internal static class AttemptOperations
{
    private const string Tag = "Message Attempt";

    private static readonly IReadOnlyList<QueryParameter> ListQuery =
    [
        .. QueryParameter.Page,
        QueryParameter.Number("status", "Only those that succeeded (0) or failed (2).", 0, 2),
        QueryParameter.Number("status_code_class", "Only answers of this class; 0 for no answer.", 0, 100, 200, 300, 400, 500),
        Filters.Channel, Filters.Tag, Filters.EventTypes,
        QueryParameter.Of<DateTime>("before", "Only those started before this time."), QueryParameter.Of<DateTime>("after", "Only those started after this time."),
        QueryParameter.Flag("with_content", true, "Whether `response` is told."),
        QueryParameter.Flag("with_msg", false, "Whether the message is told with each."),
        QueryParameter.Of<bool>("expanded_statuses", "No effect; clients send it."),
    ];

    public static Operation ListByMessage { get; } = new(Tag, "list-by-msg", "List the attempts of a message, the newest first")
    {
        Query = [.. ListQuery, QueryParameter.Of<string>("endpoint_id", "Only those at this endpoint.")],
        Answers = [Answer.Ok<ListOut<AttemptOut>>("A page.")],
    };

    public static Operation ListByEndpoint { get; } = new(Tag, "list-by-endpoint", "List the attempts at an endpoint, the newest first")
    {
        Query = ListQuery,
        Answers = [Answer.Ok<ListOut<AttemptOut>>("A page.")],
    };

    public static Operation Get { get; } = new(Tag, "get", "Get an attempt")
    {
        Query = [QueryParameter.Of<bool>("expanded_statuses", "No effect; clients send it.")],
        Answers = [Answer.Ok<AttemptOut>()],
    };

    public static Operation ListByMessageOld { get; } = ListByMessage with { Name = "list-by-msg-deprecated", Summary = "The older place of list-by-msg", Deprecated = true };

    public static Operation ListByMessageAndEndpointOld { get; } = new(Tag, "list-by-msg-and-endpoint-deprecated", "The older place of list-by-msg with an endpoint")
    {
        Query = ListQuery, Answers = ListByMessage.Answers, Deprecated = true,
    };

    public static Operation ListMessages { get; } = new(Tag, "list-attempted-messages", "List the messages attempted at an endpoint, the newest first")
    {
        Query =
        [
            .. QueryParameter.Page, Filters.Channel, Filters.Tag, Filters.EventTypes,
            QueryParameter.Number("status", "Only those that succeeded (0), are pending (1), failed (2), are being sent (3) or were cancelled (4).", 0, 1, 2, 3, 4),
            QueryParameter.Of<DateTime>("before", "Only those accepted before this time."), QueryParameter.Of<DateTime>("after", "Only those accepted after this time."),
            QueryParameter.Flag("with_content", true, "Whether the payload is told."),
            QueryParameter.Of<bool>("expanded_statuses", "No effect; clients send it."),
        ],
        Answers = [Answer.Ok<ListOut<EndpointMessageOut>>("A page.")],
    };

    public static Operation ListDestinations { get; } = new(Tag, "list-attempted-destinations", "List the endpoints that a message is or was owed to")
    {
        Query = QueryParameter.OrderedPage("ascending"),
        Answers = [Answer.Ok<ListOut<MessageEndpointOut>>("A page, by endpoint id; deleted endpoints are there too.")],
    };

    public static Operation GetHeaders { get; } = new(Tag, "get-headers", "Get the headers of an attempt, of both directions")
    {
        Answers = [Answer.Ok<AttemptHeadersOut>("Values of headers that carry credentials are not kept.")],
    };

    public static Operation ExpungeContent { get; } = new(Tag, "expunge-content", "Remove what the receiver answered for good") { Answers = [Answer.NoContent()] };

    public static Operation Resend { get; } = new(Tag, "resend", "Send a message to an endpoint once more, now")
    {
        Details = "Whatever became of it before; the retry schedule, if it is still running, goes on undisturbed.",
        Answers = [Answer.Accepted<EmptyOut>("It is about to be sent.")],
        Errors = new Dictionary<int, string> { [400] = "The payload has been removed." },
    };
}

/// <summary>Nothing.</summary>
internal sealed record EmptyOut;
