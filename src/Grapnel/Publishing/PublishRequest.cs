using System.Text.Json.Serialization;
using Grapnel.Publishing.Schemas;

namespace Grapnel.Publishing;

/// <summary>A message to publish.</summary>
public sealed record PublishRequest
{
    /// <summary>The application, by id or uid.</summary>
    public required string Application { get; init; }

    /// <summary>The name of the event type.</summary>
    public required string EventType { get; init; }

    /// <summary>The body to deliver, byte for byte. The publisher keeps the memory; it must not change afterwards.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>The content type to deliver it with.</summary>
    public string ContentType { get; init; } = "application/json";

    /// <summary>The publisher's own identifier, unique within the application, or null.</summary>
    public string? EventId { get; init; }

    /// <summary>1 to 10 channels, or null.</summary>
    public IReadOnlyList<string>? Channels { get; init; }

    /// <summary>At most 5 labels, or null.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>Not to be sent before this time; null or a time in the past means at once.</summary>
    public DateTimeOffset? DeliverAt { get; init; }

    /// <summary>How long the payload is kept; null means as long as the message.</summary>
    public TimeSpan? PayloadRetention { get; init; }

    /// <summary>The one endpoint of the application that it is owed to, whatever that subscribed to; null lets routing decide.</summary>
    public Endpoint? Only { get; init; }

    /// <summary>Whether an unregistered event type is refused.</summary>
    public bool RequireEventType { get; init; }

    /// <summary>Makes a repeat of the request harmless; null for requests without a key.</summary>
    [JsonIgnore]
    public IdempotencyRequest? Idempotency { get; init; }
}

/// <summary>An idempotency key as the caller gave it, made safe to store.</summary>
/// <param name="Key">16 bytes of a hash over caller, route and key.</param>
/// <param name="Fingerprint">16 bytes of a hash over the request body.</param>
/// <param name="Render">Makes the answer that a repeat gets; called before the message is stored.</param>
public sealed record IdempotencyRequest(UInt128 Key, UInt128 Fingerprint, Func<PublishResult, byte[]> Render);

/// <summary>What became of a publish.</summary>
public enum PublishStatus
{
    /// <summary>Durable, with all its deliveries.</summary>
    Accepted,

    /// <summary>The idempotency key was used for the same request before: <see cref="PublishResult.Response"/> is its answer.</summary>
    Repeated,

    /// <summary>The idempotency key was used before, for another body.</summary>
    KeyReusedWithOtherBody,

    /// <summary>The application has a message with this event id already.</summary>
    RepeatedEventId,

    /// <summary>Fields do not fit: <see cref="PublishResult.Errors"/> names them all. Only for messages of a batch; alone, such a message throws.</summary>
    Invalid,

    /// <summary>No such application.</summary>
    UnknownApplication,

    /// <summary>No such event type, and the request wanted one.</summary>
    UnknownEventType,

    /// <summary>The payload is larger than allowed.</summary>
    PayloadTooLarge,

    /// <summary>The event type enforces a schema that the payload does not fit: <see cref="PublishResult.SchemaFaults"/> tells where.</summary>
    PayloadDoesNotFit,

    /// <summary>Too many messages wait for the store, or the store takes no writes: nothing was accepted, try again later.</summary>
    Unavailable,
}

/// <summary>What became of a publish.</summary>
/// <param name="Status">Accepted, or why not.</param>
/// <param name="Message">The accepted message, or null.</param>
/// <param name="Decisions">What routing decided about each endpoint of the application.</param>
/// <param name="Response">
/// The answer to a publish with an idempotency key: with <see cref="PublishStatus.Accepted"/> the one that repeats will get, with
/// <see cref="PublishStatus.Repeated"/> the first one. Null without a key.
/// </param>
/// <param name="ExistingMessage">The message that has the event id, with <see cref="PublishStatus.RepeatedEventId"/>.</param>
/// <param name="Errors">Every field at fault, with <see cref="PublishStatus.Invalid"/>.</param>
/// <param name="SchemaFaults">Where the payload does not fit its event type's schema; null when it does, or nobody asked.</param>
public readonly record struct PublishResult(
    PublishStatus Status,
    Message? Message = null,
    IReadOnlyList<RouteDecision>? Decisions = null,
    byte[]? Response = null,
    Id<Message>? ExistingMessage = null,
    IReadOnlyList<FieldError>? Errors = null,
    IReadOnlyList<SchemaFault>? SchemaFaults = null);

/// <summary>Makes the repeat of a batch harmless.</summary>
/// <param name="Key">16 bytes of a hash over caller, route and key.</param>
/// <param name="Fingerprint">16 bytes of a hash over the request body.</param>
/// <param name="Render">Makes the answer that a repeat gets of what became of the messages; called while they are being stored.</param>
public sealed record BatchIdempotency(UInt128 Key, UInt128 Fingerprint, Func<IReadOnlyList<PublishResult>, byte[]> Render);

/// <summary>What became of a batch.</summary>
/// <param name="Status">
/// <see cref="PublishStatus.Accepted"/> when <paramref name="Results"/> tells of each message; otherwise why nothing was accepted.
/// </param>
/// <param name="Results">One per message, in order.</param>
/// <param name="StoredResponse">The answer to repeat, with <see cref="PublishStatus.Repeated"/>.</param>
public sealed record BatchResult(PublishStatus Status, IReadOnlyList<PublishResult> Results, byte[]? StoredResponse = null);
