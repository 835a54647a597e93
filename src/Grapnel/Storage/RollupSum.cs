using Grapnel.Sending;

namespace Grapnel.Storage;

/// <summary>What roll-ups are kept for: an endpoint, an application, or the whole installation. The ids of all three are apart.</summary>
/// <param name="Value">The id; zero for the installation.</param>
public readonly record struct RollupScope(UInt128 Value)
{
    /// <summary>Everything.</summary>
    public static RollupScope Installation => default;

    /// <summary>One application, with the endpoints that it had.</summary>
    public static RollupScope Of(Id<Application> application) => new(application.Value);

    /// <summary>One endpoint.</summary>
    public static RollupScope Of(Id<Endpoint> endpoint) => new(endpoint.Value);
}

/// <summary>What happened in a span of time, added up. Attempts belong to the minute in which they started.</summary>
public sealed class RollupSum
{
    /// <summary>Messages accepted. Always 0 for a single endpoint.</summary>
    public long Accepted { get; internal set; }

    /// <summary>Attempts that succeeded: deliveries made.</summary>
    public long Succeeded { get; internal set; }

    /// <summary>Attempts that failed.</summary>
    public long Failed { get; internal set; }

    /// <summary>Of <see cref="Failed"/>, those whose delivery is tried again.</summary>
    public long Retried { get; internal set; }

    /// <summary>Deliveries that came to their end undelivered: <see cref="DeliveryEnd.Exhausted"/> or <see cref="DeliveryEnd.Gone"/>.</summary>
    public long GivenUp { get; internal set; }

    /// <summary>Deliveries that were cancelled.</summary>
    public long Cancelled { get; internal set; }

    /// <summary>The sum of the durations of all attempts, in milliseconds.</summary>
    public long DurationMs { get; internal set; }

    /// <summary>The longest of them.</summary>
    public int MaxDurationMs { get; internal set; }

    /// <summary>The durations of all attempts.</summary>
    public DurationHistogram Durations { get; } = new();

    /// <summary>Adds one attempt.</summary>
    /// <param name="settlement">The attempt and what it made of its delivery.</param>
    /// <param name="counts">Whether it made anything of it: a delivery that has ended meanwhile is neither retried nor given up.</param>
    internal void Add(Settlement settlement, bool counts)
    {
        var attempt = settlement.Attempt;
        if (attempt.Outcome == SendOutcome.Success)
            Succeeded++;
        else
            Failed++;
        if (counts && settlement.End is null)
            Retried++;
        else if (counts && settlement.End != DeliveryEnd.Delivered && settlement.Trigger == Trigger.Scheduled)
            GivenUp++;
        DurationMs += attempt.DurationMs;
        MaxDurationMs = Math.Max(MaxDurationMs, attempt.DurationMs);
        Durations.Add(attempt.DurationMs);
    }

    /// <summary>Adds another sum.</summary>
    internal void Add(RollupSum other)
    {
        Accepted += other.Accepted;
        Succeeded += other.Succeeded;
        Failed += other.Failed;
        Retried += other.Retried;
        GivenUp += other.GivenUp;
        Cancelled += other.Cancelled;
        DurationMs += other.DurationMs;
        MaxDurationMs = Math.Max(MaxDurationMs, other.MaxDurationMs);
        Durations.Add(other.Durations);
    }

    internal void Clear()
    {
        (Accepted, Succeeded, Failed, Retried, GivenUp, Cancelled, DurationMs, MaxDurationMs) = (0, 0, 0, 0, 0, 0, 0, 0);
        Durations.Clear();
    }
}

/// <summary>A span of time and what happened in it.</summary>
/// <param name="Start">When it begins.</param>
/// <param name="Sum">What happened.</param>
public sealed record RollupSpan(DateTimeOffset Start, RollupSum Sum);
