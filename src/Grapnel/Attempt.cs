namespace Grapnel;

/// <summary>One HTTP exchange of a delivery, appended to the log and never changed.</summary>
public sealed record Attempt : IIdentified
{
    /// <inheritdoc/>
    public static string IdPrefix => "atmpt_";

    /// <summary>The identity.</summary>
    public required Id<Attempt> Id { get; init; }

    /// <summary>The application.</summary>
    public required Id<Application> ApplicationId { get; init; }

    /// <summary>The endpoint it went to.</summary>
    public required Id<Endpoint> EndpointId { get; init; }

    /// <summary>The message it carried.</summary>
    public required Id<Message> MessageId { get; init; }

    /// <summary>The URL at the time of the attempt.</summary>
    public required string Url { get; init; }

    /// <summary>What asked for it.</summary>
    public Trigger Trigger { get; init; }

    /// <summary>1 for the first attempt of the schedule; 0 for a manual one.</summary>
    public int Number { get; init; }

    /// <summary>When it started.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>From start to verdict, connecting included, in milliseconds.</summary>
    public required int DurationMs { get; init; }

    /// <summary>What happened on the wire.</summary>
    public required Sending.SendOutcome Outcome { get; init; }

    /// <summary>The HTTP status, or 0 when there was no answer.</summary>
    public int StatusCode { get; init; }

    /// <summary>The first bytes of the response body, at most 16 KiB; empty when there was none.</summary>
    public ReadOnlyMemory<byte> ResponseBody { get; init; }

    /// <summary>
    /// The headers of both directions, packed; see <see cref="AttemptHeaders.Unpack"/>. Empty when nothing was sent, and in lists, which do not
    /// read them.
    /// </summary>
    public ReadOnlyMemory<byte> Headers { get; init; }

    /// <summary>A sentence for people when there was no answer, or null. Tells nothing about blocked targets that a port scan would want.</summary>
    public string? Error { get; init; }

    /// <summary>When the schedule tries again, or null when this attempt was the last or a manual one.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }
}
