using System.Globalization;

namespace Grapnel.Storage.Postgres;

/// <summary>
/// Messages with something pending, in order of place: a merge of the runs of all lanes, so that a page costs as much as there are lanes, and next
/// to nothing for the backlog in them or for all that was delivered since. A message that is pending at several places is listed at the last of them.
/// </summary>
internal sealed class PostgresPendingRows(PostgresSession session, MessageRowFilter filter)
{
    /// <summary>Most runs that are merged at once, those whose heads come first.</summary>
    private const int RunsAtOnce = 2_000;

    private const int PlacesAtOnce = 2_500;

    /// <summary>Reads a page; its iterators are places.</summary>
    public async Task<Page<MessageRow>> ReadAsync(PageRequest page)
    {
        var position = PagePosition.Of(page);
        var start = ParsePlace(position.Iterator);
        var (rows, left, wanted) = (new List<MessageRow>(), PostgresListWalk.Budget, page.Limit + 1);
        for (var at = start ?? (position.Ascending ? 0 : long.MaxValue); ; wanted = Math.Max(wanted, PostgresListWalk.CheckedAtOnce))
        {
            var heads = await MergeAsync(position.Ascending, at, wanted).ConfigureAwait(false);
            var standings = await ReadStandingsAsync(heads).ConfigureAwait(false);
            rows.AddRange(standings.Found.OfType<MessageRow>());
            if (rows.Count > page.Limit || (standings.Found.Count == heads.Count && heads.Count < wanted && !heads.Exists(head => head.IsMore)))
                return position.ToPage(rows, page.Limit);
            at = heads[standings.Found.Count - 1].Seq;
            left -= standings.Found.Count * PostgresListWalk.CheckCost + standings.Cost;
            if (left <= 0)
                return position.ToUnfinishedPage(rows, Text(at), start is { } from ? Text(position.Ascending ? from + 1 : from - 1) : null);
        }
    }

    private async Task<(List<MessageRow?> Found, int Cost)> ReadStandingsAsync(List<Head> heads)
    {
        if (heads.Count == 0)
            return ([], 0);
        var passed = await PassedAsync(heads).ConfigureAwait(false);
        var asked = heads.FindAll(head => passed.Contains(head.Message));
        if (asked.Count == 0)
            return ([.. heads.Select(_ => (MessageRow?)null)], 0);
        var (standings, cost) = await MessageStanding.ReadAsync(session, asked.ConvertAll(head => head.Message), PlacesAtOnce).ConfigureAwait(false);
        var bySeq = asked.Zip(standings).ToDictionary(pair => pair.First.Seq, pair => pair.Second);
        var read = heads.TakeWhile(head => bySeq.ContainsKey(head.Seq) || !passed.Contains(head.Message));
        return (read.Select(head => bySeq.GetValueOrDefault(head.Seq) is { } standing && standing.LastPending(filter.EndpointId) == head.Seq
            ? new MessageRow(standing.Message, standing.Progress, Text(head.Seq)) : null).ToList(), cost);
    }

    // What the filter says of the messages themselves.
    private async Task<HashSet<Id<Message>>> PassedAsync(List<Head> heads)
    {
        var messages = await Messages.ReadAsync(session, heads.Select(head => head.Message), withPayload: false).ConfigureAwait(false);
        return [.. messages.Values.Where(message =>
                (filter.ApplicationId is null || message.ApplicationId == filter.ApplicationId)
                && (filter.After is null || message.Id.Timestamp > filter.After) && (filter.Before is null || message.Id.Timestamp < filter.Before)
                && filter.EventTypes?.Contains(message.EventType) != false
                && (filter.Channel is null || message.Channels?.Contains(filter.Channel) == true)
                && (filter.Tag is null || message.Tags?.Contains(filter.Tag) == true))
            .Select(message => message.Id)];
    }

    /// <summary>
    /// The next places at which something is pending, each once: deliveries of one message that were accepted together share theirs. The heads of
    /// all runs are compared first. As many places as are wanted lie between those heads, so no run is followed further than that.
    /// </summary>
    private async Task<List<Head>> MergeAsync(bool ascending, long from, int wanted)
    {
        var (beyond, order, within, nearest, furthest, end) = ascending
            ? (">", "ASC", "<=", "least", "max", "9223372036854775807") : ("<", "DESC", ">=", "greatest", "min", "0");
        var command = session.Prepare($"""
            {Lanes()}, head AS MATERIALIZED (
                SELECT lane.endpoint_id, run.stage, first.seq FROM lane CROSS JOIN (VALUES (0), (1), (2)) AS run (stage)
                CROSS JOIN LATERAL (
                    SELECT d.seq FROM delivery d WHERE d.endpoint_id = lane.endpoint_id AND d.stage = run.stage AND d.seq {beyond} $1
                    ORDER BY d.seq {order} LIMIT 1) AS first
                ORDER BY first.seq {order} LIMIT $3
            ), bound AS MATERIALIZED (
                SELECT coalesce({nearest}(
                    (SELECT seq FROM (SELECT DISTINCT seq FROM head) AS seqs ORDER BY seq {order} OFFSET $2 - 1 LIMIT 1),
                    (SELECT {furthest}(seq) FROM head HAVING count(*) = $3)), {end}) AS seq
            )
            SELECT DISTINCT ON (d.seq) d.seq, d.message_id, (SELECT count(*) = $3 FROM head)
            FROM head CROSS JOIN bound CROSS JOIN LATERAL (
                SELECT d.seq, d.message_id FROM delivery d
                WHERE d.endpoint_id = head.endpoint_id AND d.stage = head.stage AND d.seq {beyond} $1 AND d.seq {within} bound.seq
                ORDER BY d.seq {order} LIMIT $2) AS d
            ORDER BY d.seq {order} LIMIT $2
            """).Bind(from).Bind((long)wanted).Bind((long)RunsAtOnce);
        if (filter.EndpointId is { } endpoint)
            command.Bind(endpoint);
        else if (filter.ApplicationId is { } application)
            command.Bind(application);
        return await command.RowsAsync(row => new Head(row.Int64(0), row.Id<Message>(1), row.Bool(2))).ConfigureAwait(false);
    }

    // Whose endpoint has been deleted is told by the message alone.
    private string Lanes() =>
        filter.EndpointId is not null ? "WITH lane AS (SELECT $4::uuid AS endpoint_id)"
        : filter.ApplicationId is null ? $"{LaneSql.Pending}, lane AS (SELECT endpoint_id FROM pending WHERE endpoint_id IS NOT NULL)"
        : $"""
            {LaneSql.Pending}, lane AS (
                SELECT id AS endpoint_id FROM endpoint WHERE application_id = $4
                UNION ALL SELECT endpoint_id FROM pending
                WHERE endpoint_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM endpoint WHERE endpoint.id = pending.endpoint_id)
            )
            """;

    private static long? ParsePlace(string? iterator) => iterator is null ? null
        : long.TryParse(iterator, NumberStyles.None, CultureInfo.InvariantCulture, out var place) ? place
        : throw new InvalidInputException("iterator", "must be the position of a row of this list.");

    private static string Text(long place) => place.ToString(CultureInfo.InvariantCulture);

    private sealed record Head(long Seq, Id<Message> Message, bool IsMore);
}
