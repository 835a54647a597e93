namespace Grapnel.Storage.Sqlite;

/// <summary>What one transaction adds to the roll-ups: a row for each minute and scope that it concerns, however many attempts there are.</summary>
internal sealed class RollupBatch
{
    private readonly Dictionary<(Id<Endpoint> Endpoint, Id<Application>? Application, long Minute), RollupSum> _endpoints = [];
    private readonly Dictionary<(RollupScope Scope, long Minute), RollupSum> _totals = [];

    /// <summary>Adds an attempt; see <see cref="RollupSum.Add(Settlement, bool)"/>.</summary>
    public void Add(Settlement settlement, bool counts)
    {
        var attempt = settlement.Attempt;
        SumOf(_endpoints, (attempt.EndpointId, attempt.ApplicationId, MinuteOf(attempt.StartedAt.ToUnixTimeMilliseconds()))).Add(settlement, counts);
    }

    /// <summary>Adds messages that were accepted.</summary>
    public void AddAccepted(Id<Application> application, long minute, int count)
    {
        SumOf(_totals, (RollupScope.Of(application), minute)).Accepted += count;
        SumOf(_totals, (RollupScope.Installation, minute)).Accepted += count;
    }

    /// <summary>Adds deliveries that were cancelled; the application is null where the endpoint has been deleted.</summary>
    public void AddCancelled(Id<Endpoint> endpoint, Id<Application>? application, long now, int count) =>
        SumOf(_endpoints, (endpoint, application, MinuteOf(now))).Cancelled += count;

    /// <summary>Writes it, for endpoints, applications and the installation. Call it once.</summary>
    public void Store(SqliteSession session)
    {
        if (_endpoints.Count + _totals.Count == 0)
            return;
        var scratch = new RollupSum();
        foreach (var ((endpoint, application, minute), sum) in _endpoints)
        {
            if (application is { } owner)
                SumOf(_totals, (RollupScope.Of(owner), minute)).Add(sum);
            SumOf(_totals, (RollupScope.Installation, minute)).Add(sum);
            Rollups.Add(session, RollupScope.Of(endpoint), minute, sum, scratch);
        }
        foreach (var ((scope, minute), sum) in _totals)
            Rollups.Add(session, scope, minute, sum, scratch);
    }

    /// <summary>The minute in which a time lies, both in Unix milliseconds.</summary>
    public static long MinuteOf(long ms) => ms - ms % Rollups.MinuteMs;

    private static RollupSum SumOf<TKey>(Dictionary<TKey, RollupSum> sums, TKey key) where TKey : notnull
    {
        if (!sums.TryGetValue(key, out var sum))
            sums.Add(key, sum = new RollupSum());
        return sum;
    }
}
