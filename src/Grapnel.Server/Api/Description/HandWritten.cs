using System.Text.Json.Nodes;

namespace Grapnel.Server.Api.Description;

// Bodies that are written by hand, as records, so that they have a schema.

/// <summary>What went wrong.</summary>
/// <param name="Code">A stable word for programs.</param>
/// <param name="Detail">A sentence for people.</param>
internal sealed record ErrorOut(string Code, string Detail);

/// <summary>Every field at fault.</summary>
/// <param name="Detail">One entry per fault.</param>
internal sealed record InvalidOut(IReadOnlyList<FaultOut> Detail);

/// <summary>Problem details (RFC 9457), for callers who accept <c>application/problem+json</c>.</summary>
/// <param name="Type">Always <c>about:blank</c>: the status says it, and <c>code</c> says it closer.</param>
/// <param name="Title">The status in words.</param>
/// <param name="Status">The status.</param>
/// <param name="Code">A stable word for programs.</param>
/// <param name="Detail">A sentence for people.</param>
internal sealed record ProblemOut(string Type, string Title, int Status, string Code, string Detail)
{
    /// <summary>Every field at fault, with status 422.</summary>
    public IReadOnlyList<FaultOut>? Errors { get; init; }
}

/// <summary>What is wrong with a field.</summary>
/// <param name="Loc">Where it is: <c>body</c>, <c>query</c>, <c>header</c> or <c>path</c>, then the way to the field.</param>
/// <param name="Msg">What is wrong, and what would be right.</param>
/// <param name="Type"><c>value_error</c>, or <c>value_error.jsondecode</c> when the body is no JSON at all.</param>
internal sealed record FaultOut(IReadOnlyList<string> Loc, string Msg, string Type);

/// <summary>A message.</summary>
/// <param name="Id">Its id, sent to receivers as <c>webhook-id</c>.</param>
/// <param name="EventId">The publisher's own identifier.</param>
/// <param name="EventType">The name of its event type.</param>
/// <param name="Payload">What is delivered; <c>{}</c> when it was not asked for or is no JSON, <c>{"expired":true}</c> when it has been removed.</param>
/// <param name="ContentType">The content type that it is delivered with.</param>
/// <param name="Channels">The channels that it was published on.</param>
/// <param name="Tags">Labels to find it by.</param>
/// <param name="Timestamp">When it was accepted.</param>
/// <param name="DeliverAt">Before when it is not sent.</param>
internal record MessageOut(
    string Id, string? EventId, string EventType, JsonNode Payload, string ContentType, IReadOnlyList<string>? Channels, IReadOnlyList<string>? Tags,
    DateTime Timestamp, DateTime? DeliverAt)
{
    /// <summary>In the answer to a publish: where the payload does not fit its schema, if the event type says <c>warn</c>.</summary>
    public IReadOnlyList<SchemaErrorOut>? SchemaErrors { get; init; }

    /// <summary>What is delivered, in base64, when it is no JSON.</summary>
    public string? PayloadBase64 { get; init; }
}

/// <summary>What became of a trigger.</summary>
/// <param name="Id">The id of the message.</param>
/// <param name="EventType">Its event type.</param>
/// <param name="Timestamp">When it was accepted.</param>
/// <param name="Owed">The endpoints that get it.</param>
/// <param name="NotOwed">The endpoints that do not.</param>
internal sealed record TriggerOut(string Id, string EventType, DateTime Timestamp, IReadOnlyList<DecisionOut> Owed, IReadOnlyList<DecisionOut> NotOwed)
{
    /// <summary>Where the payload does not fit its schema, if the event type says <c>warn</c>.</summary>
    public IReadOnlyList<SchemaErrorOut>? SchemaErrors { get; init; }
}

/// <summary>What routing decided about an endpoint.</summary>
/// <param name="EndpointId">The endpoint.</param>
/// <param name="Url">Its URL.</param>
/// <param name="Reason">Why it gets the message, or not.</param>
internal sealed record DecisionOut(string EndpointId, string Url, string Reason)
{
    /// <summary>The operator's own identifier of the endpoint.</summary>
    public string? Uid { get; init; }
}

/// <summary>A message, and where it stands at an endpoint.</summary>
internal sealed record EndpointMessageOut(
    string Id, string? EventId, string EventType, JsonNode Payload, string ContentType, IReadOnlyList<string>? Channels, IReadOnlyList<string>? Tags,
    DateTime Timestamp, DateTime? DeliverAt) : MessageOut(Id, EventId, EventType, Payload, ContentType, Channels, Tags, Timestamp, DeliverAt)
{
    /// <summary>0 success, 1 pending, 2 fail, 3 sending, 4 canceled.</summary>
    public required int Status { get; init; }

    /// <summary>The same in a word.</summary>
    public required string StatusText { get; init; }

    /// <summary>When it is tried next.</summary>
    public required DateTime? NextAttempt { get; init; }
}

/// <summary>Where a payload does not fit its schema.</summary>
/// <param name="Path">Where, as a JSON Pointer (RFC 6901).</param>
/// <param name="Message">What would fit.</param>
internal sealed record SchemaErrorOut(string Path, string Message);
