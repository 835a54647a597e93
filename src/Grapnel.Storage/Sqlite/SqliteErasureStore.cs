using System.Buffers.Binary;

namespace Grapnel.Storage.Sqlite;

/// <summary>Erases applications, a short transaction for each step.</summary>
internal sealed class SqliteErasureStore(SqliteGate gate, SqliteReaders readers, TimeProvider time) : IErasureStore
{
    private const int RowsAtOnce = 2_000;

    public Task<BackgroundTask?> EraseAsync(BackgroundTask task, Id<Node> node, int limit, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        if (!SqliteBackgroundTaskStore.MayAdvance(session, new TaskStep(task, node, null)))
            return null;
        var step = ErasureCursor.Step(task, node, new Run(session, task, limit).Next());
        SqliteBackgroundTaskStore.Advance(session, step, time);
        return step.Status == BackgroundTaskStatus.Finished ? Forget(session, step) : step.Result(time.GetUtcNow());
    });

    public Task<IReadOnlyList<Id<Endpoint>>> ReadErasedEndpointsAsync(
        Id<Application> application, Id<Endpoint> after, int limit, CancellationToken cancellationToken) =>
        readers.RunAsync(session => ReadEndpoints(session, application, after, limit), cancellationToken);

    private BackgroundTask Forget(SqliteSession session, TaskStep step)
    {
        session.Prepare("DELETE FROM erased_endpoint WHERE application_id = ?").Bind(step.Task.ApplicationId!.Value).Run();
        session.Prepare("UPDATE background_task SET application_id = NULL WHERE id = ?").Bind(step.Task.Id).Run();
        return step.Result(time.GetUtcNow()) with { ApplicationId = null };
    }

    private static IReadOnlyList<Id<Endpoint>> ReadEndpoints(SqliteSession session, Id<Application> application, Id<Endpoint> after, int limit) =>
        SqliteHistoryStore.ReadAll(
            session.Prepare("SELECT endpoint_id FROM erased_endpoint WHERE application_id = ? AND endpoint_id > ? ORDER BY endpoint_id LIMIT ?")
                .Bind(application).Bind(after).Bind(limit),
            row => row.Id<Endpoint>(0));

    /// <summary>One step.</summary>
    private sealed class Run(SqliteSession session, BackgroundTask task, int limit)
    {
        private readonly Id<Application> _application = task.ApplicationId!.Value;
        private readonly ErasureCursor _at = ErasureCursor.Of(task);

        public ErasedPage Next() => _at.Phase switch
        {
            ErasurePhase.Known => NoteKnown(),
            ErasurePhase.Messages => EraseMessages(),
            ErasurePhase.AuditLog => EraseAuditLog(),
            ErasurePhase.Endpoints => EraseEndpoints(),
            ErasurePhase.Rollups => EraseRollups(),
            _ => EraseRest(),
        };

        private ErasedPage NoteKnown()
        {
            var offset = _at.Position.IsEmpty ? 0 : BinaryPrimitives.ReadInt32BigEndian(_at.Position.Span);
            var known = task.Payload?[offset..] ?? default;
            for (var i = 0; i < RowsAtOnce && !known.IsEmpty; i++, offset += 16, known = known[16..])
                Note(Id<Endpoint>.FromBytes(known.Span));
            if (known.IsEmpty)
                return default;
            var next = new byte[sizeof(int)];
            BinaryPrimitives.WriteInt32BigEndian(next, offset);
            return new ErasedPage(next, 0);
        }

        private ErasedPage EraseMessages()
        {
            var load = new SweepLoad(limit);
            var messages = SqliteHistoryStore.ReadOld(session, _application, default, new(UInt128.MaxValue), load);
            var (pending, endpoints) = (0, new HashSet<Id<Endpoint>>());
            foreach (var message in messages)
            {
                foreach (var (endpoint, seq) in message.Owed)
                    pending += session.Prepare("DELETE FROM delivery WHERE endpoint_id = ? AND stage IN (0, 1, 2) AND seq = ?").Bind(endpoint).Bind(seq).Run();
                endpoints.UnionWith(message.Owed.Select(pair => pair.EndpointId));
                endpoints.UnionWith(SqliteHistoryStore.ReadAll(
                    session.Prepare("SELECT endpoint_id FROM attempt WHERE message_id = ?").Bind(message.Id), row => row.Id<Endpoint>(0)));
                SqliteHistoryStore.Remove(session, message);
            }
            foreach (var endpoint in endpoints)
                Note(endpoint);
            SqliteDeliveryStore.CountPending(session, -pending);
            return new ErasedPage(load.IsFull ? [] : null, messages.Count, messages.Count);
        }

        private ErasedPage EraseAuditLog()
        {
            var own = _application.ToString();
            var entries = SqliteHistoryStore.ReadAll(
                session.Prepare("""
                    SELECT id, subject, coalesce(application_id = ?1 OR subject = ?2 OR instr(changes, ?2) > 0, 0), action FROM audit_log
                    WHERE id > ?3 ORDER BY id LIMIT ?4
                    """).Bind(_application).Bind(own).Bind(_at.Position.Span).Bind(RowsAtOnce),
                row => (Id: row.Id<AuditEntry>(0), Subject: row.Text(1), Mentions: row.Int64(2) != 0, Action: row.Text(3)));
            foreach (var (id, subject, mentions, action) in entries)
            {
                var isEndpoint = Id<Endpoint>.TryParse(subject, out var endpoint);
                if (action == ErasureCursor.AuditAction || !(mentions || (isEndpoint && IsNoted(endpoint))))
                    continue;
                if (isEndpoint)
                    Note(endpoint);
                session.Prepare("DELETE FROM audit_log WHERE id = ?").Bind(id).Run();
            }
            return new ErasedPage(entries.Count == RowsAtOnce ? entries[^1].Id.ToBytes() : null, entries.Count);
        }

        private ErasedPage EraseEndpoints()
        {
            var endpoints = ReadEndpoints(session, _application, _at.Endpoint, ErasureCursor.EndpointsAtOnce);
            var left = RowsAtOnce;
            for (var i = 0; i < endpoints.Count; i++)
            {
                left -= Erase(endpoints[i], left);
                // There may be more of this one.
                if (left <= 0)
                    return new ErasedPage(i == 0 ? _at.Position.ToArray() : endpoints[i - 1].ToBytes(), RowsAtOnce);
            }
            return new ErasedPage(endpoints.Count == ErasureCursor.EndpointsAtOnce ? endpoints[^1].ToBytes() : null, RowsAtOnce - left);
        }

        // Attempts that were under way when their message went are found by their endpoint alone.
        private int Erase(Id<Endpoint> endpoint, int most)
        {
            foreach (var table in new[] { "endpoint_revision", "endpoint_health", "paused_lane", "lane" })
                session.Prepare($"DELETE FROM {table} WHERE endpoint_id = ?").Bind(endpoint).Run();
            session.Prepare("DELETE FROM background_task WHERE endpoint_id = ? AND id <> ?").Bind(endpoint).Bind(task.Id).Run();
            var deliveries = session.Prepare("DELETE FROM delivery WHERE endpoint_id = ?").Bind(endpoint).Run();
            SqliteDeliveryStore.CountPending(session, -deliveries);
            return session.Prepare("""
                DELETE FROM attempt WHERE (message_id, id) IN (SELECT message_id, id FROM attempt INDEXED BY attempt_endpoint WHERE endpoint_id = ? LIMIT ?)
                """).Bind(endpoint).Bind(most).Run();
        }

        // They are found by time alone.
        private ErasedPage EraseRollups()
        {
            var (width, start, scope) = _at.Position is { IsEmpty: false } position ? ReadKey(position.Span) : (0, 0, default);
            var keys = SqliteHistoryStore.ReadAll(
                session.Prepare("""
                    SELECT width, start, scope, scope = ? OR EXISTS (SELECT 1 FROM erased_endpoint e WHERE e.application_id = ? AND e.endpoint_id = scope)
                    FROM rollup WHERE (width, start, scope) > (?, ?, ?) ORDER BY width, start, scope LIMIT ?
                    """).Bind(_application).Bind(_application).Bind(width).Bind(start).Bind(scope).Bind(RowsAtOnce),
                row => (Width: row.Int64(0), Start: row.Int64(1), Scope: row.Id<Endpoint>(2), IsOwn: row.Int64(3) != 0));
            foreach (var key in keys.Where(key => key.IsOwn))
                session.Prepare("DELETE FROM rollup WHERE width = ? AND start = ? AND scope = ?").Bind(key.Width).Bind(key.Start).Bind(key.Scope).Run();
            return new ErasedPage(keys.Count == RowsAtOnce ? WriteKey(keys[^1].Width, keys[^1].Start, keys[^1].Scope) : null, keys.Count);
        }

        private ErasedPage EraseRest()
        {
            var own = _application.ToString();
            session.Prepare("DELETE FROM background_task WHERE application_id = ? AND id <> ?").Bind(_application).Bind(task.Id).Run();
            session.Prepare("DELETE FROM api_key WHERE application_id = ?").Bind(_application).Run();
            // Those of sessions have the application's id before a slash.
            session.Prepare("DELETE FROM token_revocation WHERE subject = ? OR substr(subject, 1, ?) = ?").Bind(own).Bind(own.Length + 1).Bind(own + "/").Run();
            return default;
        }

        // One that is there belongs to an application that is there.
        private void Note(Id<Endpoint> endpoint) => session.Prepare("""
            INSERT OR IGNORE INTO erased_endpoint (application_id, endpoint_id) SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM endpoint WHERE id = ?2)
            """).Bind(_application).Bind(endpoint).Run();

        private bool IsNoted(Id<Endpoint> endpoint) =>
            session.Prepare("SELECT 1 FROM erased_endpoint WHERE application_id = ? AND endpoint_id = ?").Bind(_application).Bind(endpoint).RunExists();

        private static byte[] WriteKey(long width, long start, Id<Endpoint> scope)
        {
            var key = new byte[32];
            BinaryPrimitives.WriteInt64BigEndian(key, width);
            BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(8), start);
            scope.ToBytes().CopyTo(key, 16);
            return key;
        }

        private static (long Width, long Start, Id<Endpoint> Scope) ReadKey(ReadOnlySpan<byte> key) =>
            (BinaryPrimitives.ReadInt64BigEndian(key), BinaryPrimitives.ReadInt64BigEndian(key[8..]), Id<Endpoint>.FromBytes(key[16..]));
    }
}
