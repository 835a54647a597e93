using Grapnel.Dispatching;
using Grapnel.Server.Api.Description;
using Grapnel.Storage;

namespace Grapnel.Server.Api;

/// <summary><c>…/endpoint/{endpoint}/stats</c>, <c>…/stats/history</c> and <c>…/rate-limit-status</c>: how an endpoint is doing.</summary>
internal sealed class StatsApi(PathSubjects subjects, IHistoryStore history, Dispatcher dispatcher, TimeProvider time)
{
    private const int MaxPending = 10_000;
    private const int MaxBuckets = 1_500;
    private static readonly TimeSpan Window = TimeSpan.FromDays(28);

    // Clients that ask for just the window would fail by the time the request takes.
    private static readonly TimeSpan MaxWindow = Window + TimeSpan.FromMinutes(5);

    private static readonly Dictionary<string, TimeSpan> Periods = new()
    {
        ["minute"] = TimeSpan.FromMinutes(1), ["hour"] = TimeSpan.FromHours(1), ["day"] = TimeSpan.FromDays(1),
    };

    public void Map(IEndpointRouteBuilder routes)
    {
        const string endpoint = "/app/{app}/endpoint/{endpoint}";
        routes.MapGet(endpoint + "/stats", GetAsync).Describe(StateOperations.Stats);
        routes.MapGet(endpoint + "/stats/history", GetHistoryAsync).Describe(StateOperations.StatsHistory);
        routes.MapGet(endpoint + "/rate-limit-status", GetRateLimitStatusAsync).Describe(StateOperations.RateLimitStatus);
    }

    private async Task GetAsync(HttpContext http)
    {
        var query = new QueryReader(http.Request.Query);
        var (since, until) = ReadRange(query);
        var endpoint = await subjects.EndpointAsync(http);
        var sums = await history.SumRollupsAsync(endpoint.Id, since, until, TimeSpan.FromDays(1), http.RequestAborted);
        var pending = await history.CountPendingAsync(endpoint.Id, MaxPending, http.RequestAborted);
        var sending = dispatcher.FindLane(endpoint.Id)?.InFlight ?? 0;
        await http.AnswerAsync(new EndpointStatsOut(
            sums.Sum(sum => (long)sum.Succeeded), Math.Max(0, pending.Count - sending), pending.IsMore, sending,
            sums.Sum(sum => (long)sum.Failed), sums.Sum(sum => (long)sum.Cancelled)), ApiJson.Default.EndpointStatsOut);
    }

    private async Task GetHistoryAsync(HttpContext http)
    {
        var query = new QueryReader(http.Request.Query);
        var period = query.Text("period");
        if (period is not null && !Periods.ContainsKey(period))
            query.Fail("period", "must be minute, hour or day");
        var (since, until) = ReadRange(query);
        period ??= FittingPeriod(until - since);
        if ((until - since) / Periods[period] > MaxBuckets)
            throw new InvalidRequestException("invalid_range", $"The range has more than {MaxBuckets} periods; ask for a shorter one or for longer periods.");
        var endpoint = await subjects.EndpointAsync(http);
        var buckets = await history.SumRollupsAsync(endpoint.Id, since, until, Periods[period], http.RequestAborted);
        await http.AnswerAsync(new StatsHistoryOut(period, [.. buckets.Select(StatsBucketOut.From)]), ApiJson.Default.StatsHistoryOut);
    }

    private async Task GetRateLimitStatusAsync(HttpContext http)
    {
        var endpoint = await subjects.EndpointAsync(http);
        var limited = dispatcher.FindLane(endpoint.Id)?.State == LaneState.RateLimited;
        await http.AnswerAsync(new RateLimitStatusOut(limited ? "RateLimited" : "Ok", null), ApiJson.Default.RateLimitStatusOut);
    }

    // Roll-ups are kept by the minute, so the minute in which the range begins counts as a whole.
    private (DateTimeOffset Since, DateTimeOffset Until) ReadRange(QueryReader query)
    {
        var now = time.GetUtcNow();
        var until = query.Time("until") ?? now;
        var since = query.Time("since") ?? until - Window;
        query.ThrowIfAnyFault();
        if (until > now)
            throw new InvalidRequestException("invalid_range", "'until' lies in the future.");
        if (since > until || until - since > MaxWindow)
            throw new InvalidRequestException("invalid_range", $"'since' must lie before 'until', by {Window.TotalDays} days at most.");
        return (new DateTimeOffset(since.UtcTicks - since.UtcTicks % TimeSpan.TicksPerMinute, TimeSpan.Zero), until);
    }

    private static string FittingPeriod(TimeSpan range) => range.TotalHours <= 3 ? "minute" : range.TotalDays <= 7 ? "hour" : "day";
}
