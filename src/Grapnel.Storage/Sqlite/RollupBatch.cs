namespace Grapnel.Storage.Sqlite;

/// <summary>What one transaction adds to the roll-ups: a row for each minute and scope that it concerns, however many attempts there are.</summary>
internal sealed class RollupBatch
{
    private readonly Dictionary<(RollupScope Scope, long Minute), RollupSum> _sums = [];

    /// <summary>Adds an attempt to its endpoint, its application and the installation; see <see cref="RollupSum.Add(Settlement, bool)"/>.</summary>
    public void Add(Settlement settlement, bool counts)
    {
        var attempt = settlement.Attempt;
        var minute = MinuteOf(attempt.StartedAt.ToUnixTimeMilliseconds());
        SumOf(RollupScope.Of(attempt.EndpointId), minute).Add(settlement, counts);
        SumOf(RollupScope.Of(attempt.ApplicationId), minute).Add(settlement, counts);
        SumOf(RollupScope.Installation, minute).Add(settlement, counts);
    }

    /// <summary>Adds messages that were accepted.</summary>
    public void AddAccepted(Id<Application> application, long minute, int count)
    {
        SumOf(RollupScope.Of(application), minute).Accepted += count;
        SumOf(RollupScope.Installation, minute).Accepted += count;
    }

    /// <summary>Adds deliveries that were cancelled; the application is null where the endpoint has been deleted.</summary>
    public void AddCancelled(Id<Endpoint> endpoint, Id<Application>? application, long now, int count)
    {
        SumOf(RollupScope.Of(endpoint), MinuteOf(now)).Cancelled += count;
        if (application is { } owner)
            SumOf(RollupScope.Of(owner), MinuteOf(now)).Cancelled += count;
        SumOf(RollupScope.Installation, MinuteOf(now)).Cancelled += count;
    }

    /// <summary>Writes it, in the order of the key.</summary>
    public void Store(SqliteSession session)
    {
        if (_sums.Count == 0)
            return;
        var scratch = new RollupSum();
        foreach (var ((scope, minute), sum) in _sums.OrderBy(pair => pair.Key.Minute).ThenBy(pair => pair.Key.Scope.Value))
            Rollups.Add(session, scope, minute, sum, scratch);
    }

    /// <summary>The minute in which a time lies, both in Unix milliseconds.</summary>
    public static long MinuteOf(long ms) => ms - ms % Rollups.MinuteMs;

    private RollupSum SumOf(RollupScope scope, long minute)
    {
        if (!_sums.TryGetValue((scope, minute), out var sum))
            _sums.Add((scope, minute), sum = new RollupSum());
        return sum;
    }
}
