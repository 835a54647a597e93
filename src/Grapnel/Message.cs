namespace Grapnel;

/// <summary>One published event for one application. Stored once, however many endpoints it is owed to.</summary>
public sealed record Message : IIdentified
{
    /// <inheritdoc/>
    public static string IdPrefix => "msg_";

    /// <summary>The identity; sent as <c>webhook-id</c>, the same on every attempt.</summary>
    public required Id<Message> Id { get; init; }

    /// <summary>The application it was published to.</summary>
    public required Id<Application> ApplicationId { get; init; }

    /// <summary>The name of its event type.</summary>
    public required string EventType { get; init; }

    /// <summary>The publisher's own identifier, unique within the application; a second message with it is refused.</summary>
    public string? EventId { get; init; }

    /// <summary>Channels it was published on, or null.</summary>
    public IReadOnlyList<string>? Channels { get; init; }

    /// <summary>Free labels to find it by, or null.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>The body as received, byte for byte; null once its content was removed.</summary>
    public ReadOnlyMemory<byte>? Payload { get; init; }

    /// <summary>The content type sent with the body.</summary>
    public string ContentType { get; init; } = "application/json";

    /// <summary>When it was accepted.</summary>
    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>Not sent before this time; null means at once.</summary>
    public DateTimeOffset? DeliverAt { get; init; }

    /// <summary>When its content is to be removed; null means with the message itself.</summary>
    public DateTimeOffset? ContentExpiresAt { get; init; }

    /// <summary>
    /// The trace that its attempts belong to, whenever and wherever they are made: the span that published it, as in a W3C <c>traceparent</c>. Null
    /// when nobody recorded one, or when the message was read without its payload.
    /// </summary>
    public string? TraceParent { get; init; }

    /// <summary>
    /// The version of the application's endpoints it was routed with. Together with the endpoints' revisions it answers,
    /// exactly and for ever, why an endpoint was or was not owed the message, without a row per endpoint passed over.
    /// </summary>
    public required long RouteVersion { get; init; }

    /// <summary>The <see cref="RouteVersion"/> of a message that was addressed to one endpoint, whatever it subscribed to.</summary>
    public const long Addressed = -1;
}
