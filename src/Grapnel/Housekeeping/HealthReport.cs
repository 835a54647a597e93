namespace Grapnel.Housekeeping;

/// <summary>How a node does, part by part.</summary>
/// <param name="Store">Whether the store answers, and takes what is written.</param>
/// <param name="Queue">Whether the queue in front of it answers; null where there is none.</param>
/// <param name="Deliveries">Whether this node makes deliveries, or makes none because that is not its role.</param>
/// <param name="Disk">The disk of the data folder; null where there is none.</param>
/// <param name="Accepts">Whether it is this node's role to take requests.</param>
/// <param name="IsRunning">Whether the engine runs.</param>
internal sealed record HealthReport(bool Store, bool? Queue, bool Deliveries, DiskReport? Disk, bool Accepts, bool IsRunning)
{
    /// <summary>Nodes that the store knows of, as last read.</summary>
    public int Nodes { get; init; }

    /// <summary>
    /// Whether the node should get work. One that accepts messages and cannot send them does: what it accepts is durable, and sent later. Taken out, it would
    /// turn an outage of deliveries into one of publishing.
    /// </summary>
    public bool IsReady => Store && IsRunning && Disk is not { IsFull: true } && (Accepts || Deliveries);

    /// <summary>Whether there is nothing to see to.</summary>
    public bool IsWell => IsReady && Deliveries && Queue is not false && Disk is not { IsLow: true };
}

/// <summary>How a disk does.</summary>
/// <param name="FreeBytes">What is free.</param>
/// <param name="IsLow">Whether that is less than the operator wants.</param>
/// <param name="IsFull">Whether a message of the largest size that is allowed would not fit.</param>
internal sealed record DiskReport(long FreeBytes, bool IsLow, bool IsFull);
