using System.Globalization;
using StackExchange.Redis;

namespace Grapnel.Storage.Redis;

/// <summary>Lanes in Redis: where each delivery stands, and who owns the lane.</summary>
internal sealed class RedisLanes(RedisLink redis, ILaneRows rows)
{
    private const int PlacesAtOnce = 1_000;

    /// <summary>Notes deliveries. Those that are known stay as they are unless they have been tried since.</summary>
    /// <param name="lane">The lane.</param>
    /// <param name="deliveries">The deliveries.</param>
    /// <param name="onlyKnown">Whether to leave out those that are not known: they may have ended meanwhile.</param>
    public async Task PutAsync(Id<Endpoint> lane, IReadOnlyCollection<LaneRow> deliveries, bool onlyKnown = false)
    {
        foreach (var some in deliveries.Chunk(PlacesAtOnce))
            await redis.RunAsync(RedisScripts.Put, lane,
                [onlyKnown ? 1 : 0, .. some.SelectMany(row => new RedisValue[] { RedisLink.Place(row.Seq), row.DueAt, row.Attempts })]).ConfigureAwait(false);
    }

    /// <summary>Forgets deliveries.</summary>
    public async Task RemoveAsync(Id<Endpoint> lane, IEnumerable<long> places)
    {
        foreach (var some in places.Chunk(PlacesAtOnce))
            await redis.RunAsync(RedisScripts.Remove, lane, [.. some.Select(RedisLink.Place)]).ConfigureAwait(false);
    }

    /// <summary>Takes the lane if it has no owner; tells who owns it then (nothing: it is not of this epoch), and whether that is new.</summary>
    public async Task<(string Owner, bool IsNew)> TakeAsync(Id<Endpoint> lane, string epoch, Id<Node> node, string gone = "")
    {
        var answer = (RedisResult[])(await redis.Database.ScriptEvaluateAsync(
            RedisScripts.Take, [redis.Keys(lane)[0], redis.Epoch(RedisLink.BucketOf(lane))], [epoch, node.ToString(), gone]).ConfigureAwait(false))!;
        var (owner, isNew) = ((string)answer[0]!, (int)answer[1] == 1);
        if (isNew)
            await redis.Database.SetAddAsync(redis.Owned(owner), lane.ToString(), CommandFlags.FireAndForget).ConfigureAwait(false);
        return (owner, isNew);
    }

    /// <summary>Gives a lane back; null for one that has no owner, which may be forgotten then if it is empty.</summary>
    public async Task ReleaseAsync(Id<Endpoint> lane, Id<Node>? node)
    {
        await redis.RunAsync(RedisScripts.Release, lane, node?.ToString() ?? "").ConfigureAwait(false);
        if (node is { } owner)
            await redis.Database.SetRemoveAsync(redis.Owned(owner.ToString()), lane.ToString(), CommandFlags.FireAndForget).ConfigureAwait(false);
    }

    /// <summary>Forgets all that is known of a lane.</summary>
    public async Task ForgetAsync(Id<Endpoint> lane, IEnumerable<string> nodes)
    {
        await redis.Database.KeyDeleteAsync(redis.Keys(lane)).ConfigureAwait(false);
        foreach (var node in nodes)
            await redis.Database.SetRemoveAsync(redis.Owned(node), lane.ToString()).ConfigureAwait(false);
    }

    /// <summary>How many lanes a node has taken.</summary>
    public Task<long> CountOwnedAsync(Id<Node> node) => redis.Database.SetLengthAsync(redis.Owned(node.ToString()));

    /// <summary>The owners of lanes, in order; null where there is none.</summary>
    public async Task<string?[]> ReadOwnersAsync(IReadOnlyList<Id<Endpoint>> lanes)
    {
        var owners = await Task.WhenAll(lanes.Select(lane => redis.Database.HashGetAsync(redis.Keys(lane)[0], "node"))).ConfigureAwait(false);
        return Array.ConvertAll(owners, owner => (string?)owner);
    }

    /// <summary>
    /// Looks the lane over: walks all its rows, and adds what is not known or has been tried since. What has no row any more is found when it is read.
    /// Not more than a page is in memory.
    /// </summary>
    public async Task LookOverAsync(Id<Endpoint> lane, string mark, string doubts, CancellationToken cancellationToken)
    {
        for (LanePosition? at = default(LanePosition); at is { } position;)
        {
            var walk = await rows.WalkAsync(lane, position, PlacesAtOnce, cancellationToken).ConfigureAwait(false);
            await PutAsync(lane, walk.Rows).ConfigureAwait(false);
            at = walk.Next;
        }
        await redis.RunAsync(RedisScripts.Complete, lane, mark, doubts).ConfigureAwait(false);
    }

    /// <summary>Reads what is to be sent of a lane.</summary>
    public async Task<LaneRuns> ReadAsync(LaneRead read)
    {
        var arguments = new RedisValue[4 + read.Held.Count];
        (arguments[0], arguments[1], arguments[2], arguments[3]) = (read.Ordered ? 1 : 0, read.AfterSeq, read.Now, read.Limit + 1L);
        var i = 4;
        foreach (var place in read.Held)
            arguments[i++] = RedisLink.Place(place);
        return new LaneRuns((RedisResult[])(await redis.RunAsync(RedisScripts.Read, read.EndpointId, arguments).ConfigureAwait(false))!, read);
    }

    /// <summary>Where one delivery stands: as Redis knows it, or else as the log of attempts tells; null when it is not pending.</summary>
    public async Task<LaneRow?> FindAsync(Id<Endpoint> lane, long seq, CancellationToken cancellationToken)
    {
        try
        {
            if (await FindAsync(lane, seq).ConfigureAwait(false) is { } found)
                return found;
        }
        catch (Exception error) when (RedisErrors.IsAway(error))
        {
        }
        for (var at = new LanePosition(0, seq - 1); ; at = at with { Run = at.Run + 1 })
        {
            var walk = await rows.WalkAsync(lane, at, limit: 1, cancellationToken).ConfigureAwait(false);
            if (walk.Rows is [var row] && row.Seq == seq)
                return row;
            if (walk.Next is null)
                return null;
        }
    }

    private async Task<LaneRow?> FindAsync(Id<Endpoint> lane, long seq)
    {
        var (keys, place) = (redis.Keys(lane), RedisLink.Place(seq));
        var fresh = redis.Database.SortedSetScoreAsync(keys[1], place);
        var due = redis.Database.SortedSetScoreAsync(keys[2], place);
        var scheduled = redis.Database.SortedSetScoreAsync(keys[4], place);
        var attempts = (int)await redis.Database.HashGetAsync(keys[5], place).ConfigureAwait(false);
        var dueAt = await due.ConfigureAwait(false) ?? await scheduled.ConfigureAwait(false) ?? (await fresh.ConfigureAwait(false) is null ? null : 0);
        return dueAt is { } at ? new LaneRow(seq, (long)at, attempts) : null;
    }
}

/// <summary>What was read of a lane: its runs, put together in the order in which they are to be sent.</summary>
internal sealed class LaneRuns
{
    public LaneRuns(RedisResult[] answer, LaneRead read)
    {
        (Mark, Doubts, AskAgain) = ((string)answer[0]!, (string)answer[1]!, (int)answer[2] == 1);
        var (tried, scheduled, fresh) = (Rows(answer[3]), Rows(answer[4]), Rows(answer[5]));
        NextDueAt = (string)answer[6]! is { Length: > 0 } due ? Number(due) : null;
        var all = read.Ordered
            ? tried.Concat(fresh).OrderBy(row => row.Seq)
            : LaneTurns.Merge(tried, scheduled, fresh);
        Deliveries = [.. all.Take(read.Limit)];
        More = tried.Count + scheduled.Count + fresh.Count > Deliveries.Count;
    }

    /// <summary>The mark under which the lane was complete; empty when it is not known to be.</summary>
    public string Mark { get; }

    /// <summary>How often somebody came to doubt that it is.</summary>
    public string Doubts { get; }

    /// <summary>Whether there is more to be brought into order before anything may be sent.</summary>
    public bool AskAgain { get; }

    public IReadOnlyList<LaneRow> Deliveries { get; }

    public bool More { get; }

    public long? NextDueAt { get; }

    private static List<LaneRow> Rows(RedisResult run) =>
        [.. ((string[])run!).Chunk(3).Select(row => new LaneRow(Number(row[0]), Number(row[1]), (int)Number(row[2])))];

    // Scores are floating-point numbers; those of this queue are whole and small enough to be exact.
    private static long Number(string text) => (long)double.Parse(text, CultureInfo.InvariantCulture);
}
