namespace Grapnel.Storage.Postgres;

internal sealed partial class PostgresHistoryStore
{
    public Task<IReadOnlyList<Rollup>> ReadRollupsAsync(
        Id<Endpoint> endpoint, DateTimeOffset since, DateTimeOffset until, CancellationToken cancellationToken) =>
        SumRollupsAsync(endpoint, since, until, TimeSpan.FromMinutes(1), cancellationToken);

    public Task<IReadOnlyList<Rollup>> SumRollupsAsync(
        Id<Endpoint> endpoint, DateTimeOffset since, DateTimeOffset until, TimeSpan width, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<Rollup>>(async session =>
        {
            var series = await RollupSums.ReadAsync(session, [RollupScope.Of(endpoint)], since, until, width).ConfigureAwait(false);
            return [.. series[0].Select(span => new Rollup(
                endpoint, span.Start, (int)span.Sum.Succeeded, (int)span.Sum.Failed, span.Sum.DurationMs, span.Sum.MaxDurationMs,
                (int)span.Sum.Cancelled))];
        }, cancellationToken);
}
