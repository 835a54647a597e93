using System.Buffers.Binary;
using Grapnel.Storage.Catalog;

namespace Grapnel.Storage.Postgres;

/// <summary>Erases applications, a short transaction for each step.</summary>
internal sealed class PostgresErasureStore(PostgresDatabase database, Guid writer, TimeProvider time) : IErasureStore
{
    private const int RowsAtOnce = 2_000;

    public Task<BackgroundTask?> EraseAsync(BackgroundTask task, Id<Node> node, int limit, CancellationToken cancellationToken) =>
        database.WriteAsync(async session =>
        {
            if (!await PostgresBackgroundTaskStore.MayAdvanceAsync(session, new TaskStep(task, node, null)).ConfigureAwait(false))
                return null;
            var step = ErasureCursor.Step(task, node, await new Run(session, writer, task, limit).NextAsync().ConfigureAwait(false));
            await PostgresBackgroundTaskStore.AdvanceAsync(session, step, time).ConfigureAwait(false);
            return step.Status == BackgroundTaskStatus.Finished ? await ForgetAsync(session, step).ConfigureAwait(false) : step.Result(time.GetUtcNow());
        }, cancellationToken);

    public Task<IReadOnlyList<Id<Endpoint>>> ReadErasedEndpointsAsync(
        Id<Application> application, Id<Endpoint> after, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<Id<Endpoint>>>(
            async session => await ReadEndpointsAsync(session, application, after, limit).ConfigureAwait(false), cancellationToken);

    private async Task<BackgroundTask?> ForgetAsync(PostgresSession session, TaskStep step)
    {
        await session.Prepare("DELETE FROM erased_endpoint WHERE application_id = $1").Bind(step.Task.ApplicationId).RunAsync().ConfigureAwait(false);
        await session.Prepare("UPDATE background_task SET application_id = NULL WHERE id = $1").Bind(step.Task.Id).RunAsync().ConfigureAwait(false);
        return step.Result(time.GetUtcNow()) with { ApplicationId = null };
    }

    private static Task<List<Id<Endpoint>>> ReadEndpointsAsync(PostgresSession session, Id<Application> application, Id<Endpoint> after, int limit) =>
        session.Prepare("SELECT endpoint_id FROM erased_endpoint WHERE application_id = $1 AND endpoint_id > $2 ORDER BY endpoint_id LIMIT $3")
            .Bind(application).Bind(after).Bind(limit).RowsAsync(row => row.Id<Endpoint>(0));

    /// <summary>One step.</summary>
    private sealed class Run(PostgresSession session, Guid writer, BackgroundTask task, int limit)
    {
        private readonly Id<Application> _application = task.ApplicationId!.Value;
        private readonly ErasureCursor _at = ErasureCursor.Of(task);

        public Task<ErasedPage> NextAsync() => _at.Phase switch
        {
            ErasurePhase.Known => NoteKnownAsync(),
            ErasurePhase.Messages => EraseMessagesAsync(),
            ErasurePhase.AuditLog => EraseAuditLogAsync(),
            ErasurePhase.Endpoints => EraseEndpointsAsync(),
            ErasurePhase.Rollups => EraseRollupsAsync(),
            _ => EraseRestAsync(),
        };

        private async Task<ErasedPage> NoteKnownAsync()
        {
            var known = new List<Id<Endpoint>>();
            for (var rest = task.Payload ?? default; !rest.IsEmpty; rest = rest[16..])
                known.Add(Id<Endpoint>.FromBytes(rest.Span));
            await NoteAsync(known).ConfigureAwait(false);
            return default;
        }

        private async Task<ErasedPage> EraseMessagesAsync()
        {
            var messages = await PostgresHistoryStore.LockOwnAsync(session, _application, limit).ConfigureAwait(false);
            if (messages.Count == 0)
                return new ErasedPage(await EraseEventIdsAsync().ConfigureAwait(false) == RowsAtOnce ? [] : null, 0);
            var ids = messages.ConvertAll(message => Uuid.Of(message.Id)).ToArray();
            var owed = messages.SelectMany(message => message.Owed).ToList();
            // First what is pending: whoever ends that writes it down in a row of the message.
            var pending = owed.Count == 0 ? 0 : await session.Prepare("""
                DELETE FROM delivery d USING unnest($1::uuid[], $2::bigint[]) AS p (endpoint_id, seq)
                WHERE d.endpoint_id = p.endpoint_id AND d.stage = ANY ('{0,1,2}') AND d.seq = p.seq
                """).Bind(owed.ConvertAll(pair => Uuid.Of(pair.EndpointId)).ToArray()).Bind(owed.ConvertAll(pair => pair.Seq).ToArray())
                .RunAsync().ConfigureAwait(false);
            await PendingCount.AddAsync(session, writer, PendingCount.Other, -pending).ConfigureAwait(false);
            var tried = await session.Prepare("SELECT DISTINCT endpoint_id FROM attempt WHERE message_id = ANY ($1) AND message_id >= $2 AND message_id <= $3").Bind(ids).Bind(ids[0]).Bind(ids[^1]).RowsAsync(row => row.Id<Endpoint>(0)).ConfigureAwait(false);
            await NoteAsync([.. owed.Select(pair => pair.EndpointId).Concat(tried).Distinct()]).ConfigureAwait(false);
            await PostgresHistoryStore.DeleteAsync(session, messages).ConfigureAwait(false);
            return new ErasedPage([], messages.Count, messages.Count);
        }

        private Task<int> EraseEventIdsAsync() => session.Prepare("""
            DELETE FROM message_event WHERE (application_id, event_id) IN (SELECT application_id, event_id FROM message_event WHERE application_id = $1 LIMIT $2)
            """).Bind(_application).Bind(RowsAtOnce).RunAsync();

        private async Task<ErasedPage> EraseAuditLogAsync()
        {
            var entries = await session.Prepare("""
                SELECT id, subject, coalesce(application_id = $1 OR subject = $2 OR position($2 IN changes) > 0, false), action FROM audit_log
                WHERE id > $3 ORDER BY id LIMIT $4
                """).Bind(_application).Bind(_application.ToString()).Bind(_at.Position.IsEmpty ? default : Id<AuditEntry>.FromBytes(_at.Position.Span))
                .Bind(RowsAtOnce)
                .RowsAsync(row => (Id: row.Id<AuditEntry>(0), Endpoint: Id<Endpoint>.TryParse(row.Text(1), out var endpoint) ? endpoint : (Id<Endpoint>?)null,
                    Mentions: row.Bool(2), Action: row.Text(3))).ConfigureAwait(false);
            var noted = await NotedAmongAsync([.. entries.Select(entry => entry.Endpoint).OfType<Id<Endpoint>>()]).ConfigureAwait(false);
            var own = entries.FindAll(entry => entry.Action != ErasureCursor.AuditAction
                && (entry.Mentions || (entry.Endpoint is { } endpoint && noted.Contains(endpoint))));
            await NoteAsync([.. own.Select(entry => entry.Endpoint).OfType<Id<Endpoint>>().Distinct()]).ConfigureAwait(false);
            if (own.Count > 0)
                await session.Prepare("DELETE FROM audit_log WHERE id = ANY ($1)").Bind(own.Select(entry => entry.Id)).RunAsync().ConfigureAwait(false);
            return new ErasedPage(entries.Count == RowsAtOnce ? entries[^1].Id.ToBytes() : null, entries.Count);
        }

        private async Task<ErasedPage> EraseEndpointsAsync()
        {
            var endpoints = await ReadEndpointsAsync(session, _application, _at.Endpoint, ErasureCursor.EndpointsAtOnce).ConfigureAwait(false);
            foreach (var table in new[] { "lane", "endpoint_revision", "endpoint_health", "paused_lane" })
                await session.Prepare($"DELETE FROM {table} WHERE endpoint_id = ANY ($1)").Bind<Endpoint>(endpoints).RunAsync().ConfigureAwait(false);
            await session.Prepare("DELETE FROM background_task WHERE endpoint_id = ANY ($1) AND id <> $2").Bind<Endpoint>(endpoints).Bind(task.Id)
                .RunAsync().ConfigureAwait(false);
            var deliveries = await session.Prepare("DELETE FROM delivery WHERE endpoint_id = ANY ($1)").Bind<Endpoint>(endpoints).RunAsync().ConfigureAwait(false);
            await PendingCount.AddAsync(session, writer, PendingCount.Other, -deliveries).ConfigureAwait(false);
            // Those that were under way when their message went are found by their endpoint alone.
            var attempts = await session.Prepare("""
                WITH own AS MATERIALIZED (SELECT message_id, id FROM attempt WHERE endpoint_id = ANY ($1) LIMIT $2)
                DELETE FROM attempt a USING own WHERE a.message_id = own.message_id AND a.id = own.id
                """).Bind<Endpoint>(endpoints).Bind(RowsAtOnce).RunAsync().ConfigureAwait(false);
            return new ErasedPage(
                attempts == RowsAtOnce ? _at.Position.ToArray() : endpoints.Count == ErasureCursor.EndpointsAtOnce ? endpoints[^1].ToBytes() : null, attempts);
        }

        // They are found by time alone.
        private async Task<ErasedPage> EraseRollupsAsync()
        {
            var keys = await session.Prepare("""
                SELECT r.width, r.start, r.scope, r.writer,
                    r.scope = $1 OR EXISTS (SELECT 1 FROM erased_endpoint e WHERE e.application_id = $1 AND e.endpoint_id = r.scope)
                FROM rollup r WHERE (r.width, r.start, r.scope, r.writer) > ($2, $3, $4, $5) ORDER BY r.width, r.start, r.scope, r.writer LIMIT $6
                """).Bind(_application).Bind(Key(0)).Bind(Key(8)).Bind(Part(16)).Bind(Part(32)).Bind(RowsAtOnce)
                .RowsAsync(row => (Width: (long)row.Int16(0), Start: row.Int64(1), Scope: row.Uuid(2), Writer: row.Uuid(3), IsOwn: row.Bool(4)))
                .ConfigureAwait(false);
            var own = keys.FindAll(key => key.IsOwn);
            if (own.Count > 0)
                await session.Prepare("""
                    DELETE FROM rollup r USING unnest($1::bigint[], $2::bigint[], $3::uuid[], $4::uuid[]) AS k (width, start, scope, writer)
                    WHERE r.width = k.width AND r.start = k.start AND r.scope = k.scope AND r.writer = k.writer
                    """).Bind(own.ConvertAll(key => key.Width).ToArray()).Bind(own.ConvertAll(key => key.Start).ToArray())
                    .Bind(own.ConvertAll(key => key.Scope).ToArray()).Bind(own.ConvertAll(key => key.Writer).ToArray()).RunAsync().ConfigureAwait(false);
            return new ErasedPage(keys.Count == RowsAtOnce ? KeyOf(keys[^1].Width, keys[^1].Start, keys[^1].Scope, keys[^1].Writer) : null, keys.Count);
        }

        private async Task<ErasedPage> EraseRestAsync()
        {
            var own = _application.ToString();
            await session.Prepare("DELETE FROM background_task WHERE application_id = $1 AND id <> $2").Bind(_application).Bind(task.Id).RunAsync().ConfigureAwait(false);
            await session.Prepare("DELETE FROM api_key WHERE application_id = $1").Bind(_application).RunAsync().ConfigureAwait(false);
            await session.Prepare("DELETE FROM limit_share WHERE application_id = $1").Bind(_application).RunAsync().ConfigureAwait(false);
            // Those of sessions have the application's id before a slash.
            await session.Prepare("DELETE FROM token_revocation WHERE subject = $1 OR left(subject, $2) = $3").Bind(own).Bind(own.Length + 1).Bind(own + "/")
                .RunAsync().ConfigureAwait(false);
            return default;
        }

        // One that is there belongs to an application that is there.
        private async Task NoteAsync(List<Id<Endpoint>> endpoints)
        {
            if (endpoints.Count > 0)
                await session.Prepare("""
                    INSERT INTO erased_endpoint (application_id, endpoint_id) SELECT $1, noted.id FROM unnest($2::uuid[]) AS noted (id)
                    WHERE NOT EXISTS (SELECT 1 FROM endpoint e WHERE e.id = noted.id) ON CONFLICT DO NOTHING
                    """)
                    .Bind(_application).Bind<Endpoint>(endpoints).RunAsync().ConfigureAwait(false);
        }

        private async Task<HashSet<Id<Endpoint>>> NotedAmongAsync(List<Id<Endpoint>> endpoints) => [.. await session
            .Prepare("SELECT endpoint_id FROM erased_endpoint WHERE application_id = $1 AND endpoint_id = ANY ($2)")
            .Bind(_application).Bind<Endpoint>(endpoints).RowsAsync(row => row.Id<Endpoint>(0)).ConfigureAwait(false)];

        private long Key(int offset) => _at.Position.IsEmpty ? 0 : BinaryPrimitives.ReadInt64BigEndian(_at.Position.Span[offset..]);

        private Guid Part(int offset) => _at.Position.IsEmpty ? Guid.Empty : new Guid(_at.Position.Span.Slice(offset, 16), bigEndian: true);

        private static byte[] KeyOf(long width, long start, Guid scope, Guid writer)
        {
            var key = new byte[48];
            BinaryPrimitives.WriteInt64BigEndian(key, width);
            BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(8), start);
            scope.TryWriteBytes(key.AsSpan(16), bigEndian: true, out _);
            writer.TryWriteBytes(key.AsSpan(32), bigEndian: true, out _);
            return key;
        }
    }
}
