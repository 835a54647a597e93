namespace Grapnel.Storage;

/// <summary>
/// What a queue in front of a store asks of it: rows of deliveries by their places. A row is written when the delivery is accepted and removed when it
/// ends; how often it was tried and when it is due next is told by the log of attempts, which is always written first.
/// </summary>
internal interface ILaneRows
{
    /// <summary>Reads deliveries by place, in the order given, until their bytes are reached; at least one that is there is read.</summary>
    Task<LaneRows> ReadAsync(Id<Endpoint> endpoint, IReadOnlyList<long> places, long byteLimit, CancellationToken cancellationToken);

    /// <summary>
    /// Walks up to <paramref name="limit"/> rows of a lane, without messages. A walk from the default position until <see cref="LaneWalk.Next"/> is null
    /// meets every delivery that was pending when it began. The runs are walked in this order: 0 what was scheduled, 1 what was fresh, 2 what was tried
    /// when no queue stood in front; each in order of place.
    /// </summary>
    Task<LaneWalk> WalkAsync(Id<Endpoint> endpoint, LanePosition after, int limit, CancellationToken cancellationToken);

    /// <summary>Up to <paramref name="limit"/> lanes with pending deliveries, in order of id, from behind <paramref name="after"/> on.</summary>
    Task<IReadOnlyList<Id<Endpoint>>> ReadPendingLanesAsync(Id<Endpoint>? after, int limit, CancellationToken cancellationToken);

    /// <summary>As <see cref="IDeliveryStore.DropLaneAsync"/>; returns the places of what was ended.</summary>
    Task<IReadOnlyList<long>> DropAsync(Id<Endpoint> endpoint, int limit, CancellationToken cancellationToken);
}

/// <summary>Deliveries of a lane that were asked for by place.</summary>
/// <param name="Deliveries">Those that are pending. Due times and attempts are those of the row.</param>
/// <param name="Gone">Places, among those looked at, where nothing is pending.</param>
/// <param name="More">Whether places were not looked at, because the bytes were reached.</param>
/// <param name="Health">The endpoint's stored health, or null when there is none.</param>
/// <param name="IsPaused">Whether a person has the lane paused.</param>
internal sealed record LaneRows(
    IReadOnlyList<Delivery> Deliveries, IReadOnlyList<long> Gone, bool More, EndpointHealth? Health, bool IsPaused);

/// <summary>A page of a walk over a lane.</summary>
/// <param name="Rows">The deliveries.</param>
/// <param name="Next">Where to go on, or null at the end.</param>
internal sealed record LaneWalk(IReadOnlyList<LaneRow> Rows, LanePosition? Next)
{
    /// <summary>The page of rows that were read of one run.</summary>
    public static LaneWalk Of(IReadOnlyList<LaneRow> rows, LanePosition after, int limit, int runs) => new(rows,
        rows.Count == limit ? new LanePosition(after.Run, rows[^1].Seq)
        : after.Run + 1 < runs ? new LanePosition(after.Run + 1, 0)
        : null);
}

/// <summary>A pending delivery without its message.</summary>
/// <param name="Seq">Its place.</param>
/// <param name="DueAt">Unix milliseconds before which it is not attempted; 0 means as soon as possible.</param>
/// <param name="Attempts">Attempts of the schedule made so far.</param>
internal readonly record struct LaneRow(long Seq, long DueAt, int Attempts)
{
    /// <summary>The row as the log of attempts knows it: whoever wrote the log last knew better.</summary>
    /// <param name="number">The number of the newest attempt of the schedule, or null.</param>
    /// <param name="nextAttemptAt">Its time of the next one.</param>
    public LaneRow Since(int? number, long? nextAttemptAt) => number > Attempts ? this with { DueAt = nextAttemptAt ?? 0, Attempts = number.Value } : this;
}
