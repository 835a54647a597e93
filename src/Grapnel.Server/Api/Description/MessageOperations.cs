using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;

namespace Grapnel.Server.Api.Description;

internal static class MessageOperations
{
    private const string Tag = "Message";
    private const string Accepted = "Durable: the message and everything it is owed to are on disk, together.";
    private const string Example = """{"eventType":"order.placed","payload":{"id":"A-1","amount":99},"eventId":"order-A-1"}""";
    private static readonly QueryParameter WithContent = QueryParameter.Flag("with_content", true, "Whether the payload is told; `{}` stands for it otherwise.");

    public static Operation Trigger { get; } = new(Tag, "trigger", "Publish an event to the default application")
    {
        Details = """
            The body, whatever it is, is delivered byte for byte with its content type; without a body the standard envelope
            `{"type":…,"timestamp":…,"data":{}}` is made. The event type must exist.
            """,
        Body = new RequestContent(null, """{"hello":"world"}""") { Required = false, Other = new OtherContent("*/*", "Hello, world") },
        Answers = [Answer.Accepted<TriggerOut>(Accepted)],
    };

    public static Operation Create { get; } = new(Tag, "create", "Publish a message")
    {
        Details = "The payload is delivered byte for byte as it stands in the request, spaces and number formats included.",
        Query = [WithContent],
        Body = RequestContent.Of<MessageIn>(Example),
        Answers = [Answer.Accepted<MessageOut>(Accepted)],
    };

    public static Operation Batch { get; } = new(Tag, "create-batch", "Publish up to 1,000 messages in one transaction")
    {
        Details = """
            A list of messages, or an object with one under `messages`. Each is answered for itself, in order; one that does not fit does not hold up the others.
            With the content type `application/x-ndjson` the body is a stream, one message a line, as long as it likes: it is stored as it comes in, and the answer
            is a stream of lines too, which tells what was refused (with `?results=all` everything) and ends with the counts.
            """,
        Query = [QueryParameter.Word("results", "For streams: the lines to be told of.", "refused", "refused", "all")],
        Body = RequestContent.Of<BatchIn>("""
            {"messages":[{"eventType":"order.placed","payload":{"id":"A-2"},"eventId":"order-A-2"},{"eventType":"order.placed","payload":{"id":"A-3"}}]}
            """) with
        {
            Other = new OtherContent("application/x-ndjson", """
                {"eventType":"order.placed","payload":{"id":"A-4"}}
                {"eventType":"order.placed","payload":{"id":"A-5"}}
                """),
        },
        Answers = [Answer.Accepted<BatchOut>("All of them are durable."), new Answer(207, "Some of them, or all, were refused; the others are durable.", typeof(BatchOut))
            {
                Example = """
                    {"accepted":1,"refused":1,"data":[{"status":202,"id":"msg_0353nikFPmrqPWHdbCVaqg","eventId":null,"timestamp":"2026-11-23T12:00:00Z"},
                     {"status":422,"detail":[{"loc":["body","eventType"],"msg":"is required","type":"value_error"}]}]}
                    """,
            },
            new Answer(200, "What became of the lines of a stream, one line each, and the counts at the end.")
            {
                MediaType = "application/x-ndjson",
                Example = """
                    {"line":17,"status":422,"detail":[{"loc":["body","eventType"],"msg":"is required","type":"value_error"}]}
                    {"done":true,"accepted":1999,"refused":1}
                    """,
            }],
    };

    public static Operation List { get; } = new(Tag, "list", "List messages, the newest first")
    {
        Query =
        [
            .. QueryParameter.Page, WithContent, Filters.Channel, Filters.Tag, Filters.EventTypes,
            QueryParameter.Of<DateTime>("before", "Only those accepted before this time."), QueryParameter.Of<DateTime>("after", "Only those accepted after this time."),
        ],
        Answers = [Answer.Ok<ListOut<MessageOut>>("A page.")],
    };

    public static Operation Get { get; } = new(Tag, "get", "Get a message") { Query = [WithContent], Answers = [Answer.Ok<MessageOut>()] };

    public static Operation Cancel { get; } = new(Tag, "cancel", "End everything that is pending of a message")
    {
        Details = "An attempt in flight is not called back.",
        Answers = [Answer.Ok<CancelOut>("How many deliveries were ended.")],
    };

    public static Operation CancelOne { get; } = new(Tag, "cancel-at-endpoint", "End what is pending of a message at one endpoint")
    {
        Answers = [Answer.Ok<CancelOut>("How many deliveries were ended.")],
    };

    public static Operation WhyAll { get; } = new(Tag, "why-all", "Tell why a message did, or did not, arrive, of all endpoints")
    {
        Query = QueryParameter.OrderedPage("ascending"),
        Answers = [Answer.Ok<ListOut<EndpointWhyOut>>("A page, by endpoint id.")],
    };

    public static Operation GetRaw { get; } = new(Tag, "get-raw-payload", "Get the payload as it is delivered")
    {
        Answers = [Answer.Ok<MessageRawPayloadOut>("The payload as text, or in base64 when it is none.")],
    };

    public static Operation ExpungeContent { get; } = new(Tag, "expunge-content", "Remove the payload of a message for good")
    {
        Details = "What is pending of it ends.",
        Answers = [Answer.NoContent()],
    };

    public static Operation Precheck { get; } = new(Tag, "precheck", "Tell whether anybody would get a message")
    {
        Details = "Without a payload filters cannot be judged: an endpoint with one counts.",
        Body = RequestContent.Of<MessagePrecheckIn>("""{"eventType":"order.placed"}"""),
        Answers = [Answer.Ok<PrecheckOut>("Whether an endpoint subscribes to it.")],
    };

    public static Operation SendExample { get; } = new("Endpoint", "send-example", "Send an example of an event to one endpoint")
    {
        Details = "From the `examples` of the event type's newest schema. `svix.ping` and `grapnel.ping` are built in.",
        Body = RequestContent.Of<EventExampleIn>("""{"eventType":"grapnel.ping"}"""),
        Answers = [Answer.Accepted<MessageOut>("It is about to be sent.")],
        Errors = new Dictionary<int, string> { [400] = "There is no such example." },
    };

    public static Operation Why { get; } = new(Tag, "why", "Tell why a message did, or did not, arrive at an endpoint")
    {
        Details = "Judged by the endpoint's settings at the time of the publish. Also for an endpoint that has been deleted since, by its id.",
        Answers = [Answer.Ok<WhyOut>("Where the delivery stands, and why.")],
    };
}

/// <summary>A message that might be published.</summary>
internal sealed record MessagePrecheckIn
{
    /// <summary>The name of its event type.</summary>
    [RegularExpression(Formats.Key)]
    public required string EventType { get; init; }

    /// <summary>Channels that it would be published on.</summary>
    [MinLength(1), MaxLength(10)]
    public IReadOnlyList<string>? Channels { get; init; }
}

/// <summary>Which example to send.</summary>
internal sealed record EventExampleIn
{
    /// <summary>The name of an event type.</summary>
    public required string EventType { get; init; }

    /// <summary>Which of its examples, from 0.</summary>
    [Range(0, int.MaxValue)]
    public int? ExampleIndex { get; init; }
}

/// <summary>Filters that several lists have.</summary>
internal static class Filters
{
    public static QueryParameter Channel { get; } = QueryParameter.Of<string>("channel", "Only messages on this channel.");

    public static QueryParameter Tag { get; } = QueryParameter.Of<string>("tag", "Only messages with this tag.");

    public static QueryParameter EventTypes { get; } = QueryParameter.Of<string>("event_types", "Only messages of these event types: `a,b`, or repeated.");
}

/// <summary>A message to publish.</summary>
internal sealed record MessageIn
{
    /// <summary>The name of its event type; need not be registered.</summary>
    [RegularExpression(Formats.Key)]
    public required string EventType { get; init; }

    /// <summary>What to deliver, byte for byte.</summary>
    public required JsonObject Payload { get; init; }

    /// <summary>Your own identifier, which must not start with <c>msg_</c>; a second message with it is refused (409).</summary>
    [RegularExpression(Formats.Key)]
    public string? EventId { get; init; }

    /// <summary>Channels to publish on.</summary>
    [MinLength(1), MaxLength(10)]
    public IReadOnlyList<string>? Channels { get; init; }

    /// <summary>Labels to find it by.</summary>
    [MaxLength(5)]
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>Not to be sent before this time, up to 30 days ahead.</summary>
    public DateTime? DeliverAt { get; init; }

    /// <summary>The application to make when there is none of that uid, which must be the one in the path.</summary>
    public ApplicationIn? Application { get; init; }

    /// <summary>Days after which the payload is removed.</summary>
    [Range(1, 90)]
    public int? PayloadRetentionPeriod { get; init; }

    /// <summary>Hours after which the payload is removed; counts before days.</summary>
    [Range(1, 2160)]
    public int? PayloadRetentionHours { get; init; }

    /// <summary><c>rawPayload</c>, a string, is delivered instead of the payload, with the content type in <c>headers</c>.</summary>
    public JsonObject? TransformationsParams { get; init; }
}

/// <summary>Messages to publish together.</summary>
internal sealed record BatchIn
{
    /// <summary>1 to 1,000 of them.</summary>
    [MinLength(1), MaxLength(1000)]
    public required IReadOnlyList<MessageIn> Messages { get; init; }
}

/// <summary>What became of a batch.</summary>
/// <param name="Accepted">How many were accepted.</param>
/// <param name="Refused">How many were not.</param>
/// <param name="Data">One entry per message, in order.</param>
internal sealed record BatchOut(int Accepted, int Refused, IReadOnlyList<BatchResultOut> Data);

/// <summary>What became of a message of a batch.</summary>
internal sealed record BatchResultOut
{
    /// <summary>What a request of its own would have been answered: 202, 409, 413 or 422.</summary>
    public required int Status { get; init; }

    /// <summary>The id of the accepted message.</summary>
    public string? Id { get; init; }

    /// <summary>Your own identifier of the accepted message.</summary>
    public string? EventId { get; init; }

    /// <summary>When it was accepted.</summary>
    public DateTime? Timestamp { get; init; }

    /// <summary>Where the payload does not fit its schema, if the event type says <c>warn</c>.</summary>
    public IReadOnlyList<SchemaErrorOut>? SchemaErrors { get; init; }

    /// <summary>A stable word for what went wrong.</summary>
    public string? Code { get; init; }

    /// <summary>A sentence about what went wrong, or with status 422 every field at fault.</summary>
    public JsonNode? Detail { get; init; }
}
