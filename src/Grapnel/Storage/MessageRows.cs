namespace Grapnel.Storage;

/// <summary>Which messages to list for people; null members do not filter.</summary>
public sealed record MessageRowFilter
{
    /// <summary>Of this application; null for all of them.</summary>
    public Id<Application>? ApplicationId { get; init; }

    /// <summary>Of one of these event types.</summary>
    public IReadOnlyList<string>? EventTypes { get; init; }

    /// <summary>That are or were owed to this endpoint.</summary>
    public Id<Endpoint>? EndpointId { get; init; }

    /// <summary>That stand like this; at <see cref="EndpointId"/>, where one is given.</summary>
    public MessageStatus? Status { get; init; }

    /// <summary>Accepted after this time.</summary>
    public DateTimeOffset? After { get; init; }

    /// <summary>Accepted before this time.</summary>
    public DateTimeOffset? Before { get; init; }

    /// <summary>Published on this channel.</summary>
    public string? Channel { get; init; }

    /// <summary>With this tag.</summary>
    public string? Tag { get; init; }
}

/// <summary>Where a message stands. One that is owed to several endpoints can stand in several ways at once.</summary>
public enum MessageStatus
{
    /// <summary>Every endpoint that it is owed to has it, and there is one.</summary>
    Delivered = 0,

    /// <summary>Some delivery of it waits, for its first attempt or for another one.</summary>
    Pending = 1,

    /// <summary>Some delivery of it failed for good.</summary>
    Failed = 2,

    /// <summary>Some delivery of it ended before it was done: cancelled, or its endpoint deleted.</summary>
    Cancelled = 3,

    /// <summary>It was owed to nobody.</summary>
    NotOwed = 4,
}

/// <summary>A message in a list for people.</summary>
/// <param name="Message">The message, without its payload.</param>
/// <param name="Progress">How far its deliveries are.</param>
/// <param name="Position">Where the list stands at this row: an iterator for the pages beside it. Good for the same filter only.</param>
public sealed record MessageRow(Message Message, DeliveryProgress Progress, string Position);

/// <summary>How far the deliveries of a message are, counted in endpoints; each counts once.</summary>
/// <param name="Delivered">Have it.</param>
/// <param name="Pending">Are still to get it.</param>
/// <param name="Failed">Will not get it: every attempt failed.</param>
/// <param name="Cancelled">Will not get it: cancelled, or the endpoint deleted.</param>
public readonly record struct DeliveryProgress(int Delivered, int Pending, int Failed, int Cancelled)
{
    /// <summary>The endpoints that it is or was owed to.</summary>
    public int Owed => Delivered + Pending + Failed + Cancelled;
}
