namespace Grapnel.Server.Api.Description;

internal static class AttemptOperations
{
    private const string Tag = "Message Attempt";

    private static readonly IReadOnlyList<QueryParameter> ListQuery =
    [
        .. QueryParameter.Page,
        QueryParameter.Of<int>("status", "Only those that succeeded (0) or failed (2)."),
        QueryParameter.Of<int>("status_code_class", "Only answers of this class: 100 to 500, or 0 for no answer."),
        Filters.Channel, Filters.Tag, Filters.EventTypes,
        QueryParameter.Of<DateTime>("before", "Only those started before this time."), QueryParameter.Of<DateTime>("after", "Only those started after this time."),
        QueryParameter.Of<bool>("with_content", "Whether `response` is told. Default true."),
        QueryParameter.Of<bool>("with_msg", "Whether the message is told with each. Default false."),
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

    public static Operation Resend { get; } = new(Tag, "resend", "Send a message to an endpoint once more, now")
    {
        Details = "Whatever became of it before; the retry schedule, if it is still running, goes on undisturbed.",
        Answers = [Answer.Accepted<EmptyOut>("It is about to be sent.")],
        Errors = new Dictionary<int, string> { [400] = "The payload has been removed." },
    };
}

/// <summary>Nothing.</summary>
internal sealed record EmptyOut;
