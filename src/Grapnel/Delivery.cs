namespace Grapnel;

/// <summary>What is owed to one endpoint for one message, as long as it is pending. History keeps how it ended.</summary>
public sealed record Delivery
{
    /// <summary>The endpoint it is owed to; its pending deliveries form the lane.</summary>
    public required Id<Endpoint> EndpointId { get; init; }

    /// <summary>The place in the lane: grows in the order messages were accepted. Unique within the endpoint.</summary>
    public required long Seq { get; init; }

    /// <summary>The message, with its payload.</summary>
    public required Message Message { get; init; }

    /// <summary>
    /// Unix milliseconds before which it is not attempted; 0 means as soon as possible. Zero, rather than the time of acceptance,
    /// keeps fresh deliveries out of the reach of a clock that jumps.
    /// </summary>
    public long DueAt { get; init; }

    /// <summary>Attempts of the retry schedule made so far.</summary>
    public int Attempts { get; init; }

    /// <summary>What asked for it.</summary>
    public Trigger Trigger { get; init; }

    /// <summary>
    /// Bytes of memory that it takes while it waits to be sent, near enough: its payload, and 512 for all that surrounds one. Without the
    /// latter, a million deliveries of ten bytes would seem to take ten megabytes.
    /// </summary>
    internal long Footprint => Overhead + (Message.Payload?.Length ?? 0);

    internal const int Overhead = 512;
}

/// <summary>What asked for an attempt. The numbers are those of the Svix API.</summary>
public enum Trigger
{
    /// <summary>The publish and its retry schedule.</summary>
    Scheduled = 0,

    /// <summary>A person or a program asked for it again; one attempt, apart from the schedule.</summary>
    Manual = 1,
}

/// <summary>How a delivery came to its end.</summary>
public enum DeliveryEnd
{
    /// <summary>The receiver answered 2xx.</summary>
    Delivered = 1,

    /// <summary>Every attempt of the retry schedule failed.</summary>
    Exhausted = 2,

    /// <summary>The receiver answered 410 Gone.</summary>
    Gone = 3,

    /// <summary>Someone cancelled it.</summary>
    Cancelled = 4,

    /// <summary>Its endpoint was deleted.</summary>
    EndpointDeleted = 5,
}
