namespace Grapnel;

/// <summary>A test inbox: a URL on this server that catches webhooks, so that nobody needs a consumer to see one arrive.</summary>
public sealed record Inbox : IIdentified
{
    /// <inheritdoc/>
    public static string IdPrefix => "inbox_";

    /// <summary>The identity; also the last part of its URL.</summary>
    public required Id<Inbox> Id { get; init; }

    /// <summary>The application whose endpoint sends to it.</summary>
    public required Id<Application> ApplicationId { get; init; }

    /// <summary>The endpoint that sends to it, with whose secrets signatures are checked; null until there is one.</summary>
    public Id<Endpoint>? EndpointId { get; init; }

    /// <summary>The status it answers with, 200 to 599. Default 200.</summary>
    public int AnswerStatus { get; init; } = 200;

    /// <summary>How long it waits before it answers. Default not at all.</summary>
    public TimeSpan AnswerDelay { get; init; }

    /// <summary>How many of the first attempts of each message it answers with 500 before it answers as set. Default 0.</summary>
    public int FailFirst { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>One request that a test inbox caught.</summary>
public sealed record InboxRequest : IIdentified
{
    /// <inheritdoc/>
    public static string IdPrefix => "inreq_";

    /// <summary>The identity; it tells the time.</summary>
    public required Id<InboxRequest> Id { get; init; }

    /// <summary>The inbox that caught it.</summary>
    public required Id<Inbox> InboxId { get; init; }

    /// <summary>The HTTP method.</summary>
    public required string Method { get; init; }

    /// <summary>Path and query as they came.</summary>
    public required string Target { get; init; }

    /// <summary>The headers, names and values in turn, in the order in which the web server hands them out; one that came several times stands there as often.</summary>
    public required IReadOnlyList<string> Headers { get; init; }

    /// <summary>The body, cut off at the inbox's limit.</summary>
    public required byte[] Body { get; init; }

    /// <summary>Bytes of the body before it was cut off.</summary>
    public required long BodyLength { get; init; }

    /// <summary>The value of <c>webhook-id</c>, or null: what attempts of one message are told together by.</summary>
    public string? MessageId { get; init; }

    /// <summary>The status it was answered with.</summary>
    public required int AnsweredStatus { get; init; }
}

/// <summary>A request that a test inbox caught, as a list shows it.</summary>
/// <param name="Id">The identity; it tells the time.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="MessageId">The value of <c>webhook-id</c>, or null.</param>
/// <param name="BodyLength">Bytes of the body.</param>
/// <param name="AnsweredStatus">The status it was answered with.</param>
public sealed record InboxRequestRow(Id<InboxRequest> Id, string Method, string? MessageId, long BodyLength, int AnsweredStatus);
