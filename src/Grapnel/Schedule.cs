namespace Grapnel;

/// <summary>A recurring trigger: publishes an event by cron expression or at random intervals.</summary>
public sealed record Schedule : IIdentified
{
    /// <inheritdoc/>
    public static string IdPrefix => "sched_";

    /// <summary>The identity.</summary>
    public required Id<Schedule> Id { get; init; }

    /// <summary>The application it publishes to.</summary>
    public required Id<Application> ApplicationId { get; init; }

    /// <summary>The event type it publishes.</summary>
    public required string EventType { get; init; }

    /// <summary>A cron expression of five fields, or six with seconds, in UTC; null when the interval is random.</summary>
    public string? Cron { get; init; }

    /// <summary>The shortest random interval; null with a cron expression.</summary>
    public TimeSpan? MinInterval { get; init; }

    /// <summary>The longest random interval; null with a cron expression.</summary>
    public TimeSpan? MaxInterval { get; init; }

    /// <summary>The body to publish, byte for byte; null for the standard envelope.</summary>
    public byte[]? Payload { get; init; }

    /// <summary>Whether it runs.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>When it publishes next. Occurrences missed while no node ran are skipped, not caught up.</summary>
    public required DateTimeOffset NextAt { get; init; }

    /// <summary>When it was created.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it last changed, its own runs apart.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }
}
