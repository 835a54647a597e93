namespace Grapnel.Storage;

/// <summary>What one transaction adds to the roll-ups: a row for each minute and scope that it concerns, however many attempts there are.</summary>
internal sealed class RollupBatch
{
    public const long MinuteMs = 60_000;
    public const long HourMs = 60 * MinuteMs;

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

    /// <summary>What to add to which minute, for endpoints, applications and the installation; each pair once. Call it once.</summary>
    public IEnumerable<(RollupScope Scope, long Minute, RollupSum Sum)> Rows()
    {
        foreach (var ((endpoint, application, minute), sum) in _endpoints)
        {
            if (application is { } owner)
                SumOf(_totals, (RollupScope.Of(owner), minute)).Add(sum);
            SumOf(_totals, (RollupScope.Installation, minute)).Add(sum);
            yield return (RollupScope.Of(endpoint), minute, sum);
        }
        foreach (var ((scope, minute), sum) in _totals)
            yield return (scope, minute, sum);
    }

    /// <summary>The minute in which a time lies, both in Unix milliseconds.</summary>
    public static long MinuteOf(long ms) => ms - ms % MinuteMs;

    private static RollupSum SumOf<TKey>(Dictionary<TKey, RollupSum> sums, TKey key) where TKey : notnull
    {
        if (!sums.TryGetValue(key, out var sum))
            sums.Add(key, sum = new RollupSum());
        return sum;
    }
}
