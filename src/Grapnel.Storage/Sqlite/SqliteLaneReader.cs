namespace Grapnel.Storage.Sqlite;

/// <summary>Reads one page of a lane as a merge of its runs; messages are fetched one by one, so that the byte limit bounds what is read.</summary>
internal sealed class SqliteLaneReader(SqliteSession session, LaneRead read)
{
    private readonly List<Delivery> _deliveries = [];
    private long _bytes;
    private bool _more;

    public LanePage Read()
    {
        if (read.Ordered)
            ReadInOrder(Open(LaneSql.Fresh, 0), Open(LaneSql.Tried), Open(LaneSql.ScheduledDueByPlace, read.Now));
        else
            ReadInTurns(Open(LaneSql.TriedDue, read.Now), Open(LaneSql.ScheduledDue, read.Now), Open(LaneSql.Fresh, read.AfterSeq));
        return new LanePage(_deliveries, _more, Earlier(NextDueAt(stage: 1), NextDueAt(stage: 2)), ReadHealth(session, read.EndpointId))
        {
            IsPaused = IsPaused(session, read.EndpointId),
        };
    }

    private Run Open(string sql, long? parameter = null)
    {
        var statement = session.Prepare(sql).Bind(read.EndpointId);
        if (parameter is { } value)
            statement.Bind(value);
        return new Run(statement, read.Held);
    }

    private void ReadInOrder(params Run[] runs) => Read(runs, InOrder(runs));

    private void ReadInTurns(params Run[] runs) => Read(runs, LaneTurns.Merge([.. runs.Select(run => run.Remaining())]));

    private static IEnumerable<Run> InOrder(Run[] runs)
    {
        for (; runs.Where(run => run.HasRow).MinBy(run => run.Seq) is { } first; first.Next())
            yield return first;
    }

    private void Read(Run[] runs, IEnumerable<Run> merged)
    {
        foreach (var run in merged)
        {
            if (_more = IsFull)
                break;
            Add(run);
        }
        foreach (var run in runs)
            run.Close();
    }

    private bool IsFull => _deliveries.Count >= read.Limit || (_deliveries.Count > 0 && _bytes >= read.ByteLimit);

    private void Add(Run run)
    {
        var delivery = run.Read(read.EndpointId, session);
        _deliveries.Add(delivery);
        _bytes += delivery.Footprint;
    }

    private long? NextDueAt(long stage)
    {
        var select = session.Prepare(LaneSql.NotDue).Bind(read.EndpointId).Bind(stage).Bind(read.Now);
        while (select.Step())
        {
            if (read.Held.Contains(select.Int64(1)))
                continue;
            var dueAt = select.Int64(0);
            select.Reset();
            return dueAt;
        }
        return null;
    }

    private static long? Earlier(long? a, long? b) => a is null || b < a ? b ?? a : a;

    internal static bool IsPaused(SqliteSession session, Id<Endpoint> endpoint) =>
        session.Prepare("SELECT 1 FROM paused_lane WHERE endpoint_id = ?").Bind(endpoint).RunExists();

    internal static EndpointHealth? ReadHealth(SqliteSession session, Id<Endpoint> endpoint)
    {
        var select = session.Prepare(SqliteHistoryStore.HealthSql).Bind(endpoint);
        if (!select.Step())
            return null;
        var health = Rows.ReadHealth(select);
        select.Reset();
        return health;
    }

    /// <summary>One run of the lane, standing on its next delivery that the caller does not hold.</summary>
    private sealed class Run
    {
        private readonly Statement _statement;
        private readonly IReadOnlySet<long> _held;

        public Run(Statement statement, IReadOnlySet<long> held)
        {
            (_statement, _held) = (statement, held);
            Next();
        }

        public bool HasRow { get; private set; }

        public long Seq => _statement.Int64(0);

        public void Next()
        {
            do
                HasRow = _statement.Step();
            while (HasRow && _held.Contains(Seq));
        }

        /// <summary>Itself for each row that is left, standing on it.</summary>
        public IEnumerable<Run> Remaining()
        {
            for (; HasRow; Next())
                yield return this;
        }

        public Delivery Read(Id<Endpoint> endpoint, SqliteSession session) => new()
        {
            EndpointId = endpoint,
            Seq = Seq,
            DueAt = _statement.Int64(1),
            Attempts = _statement.Int32(2),
            Trigger = (Trigger)_statement.Int32(3),
            Message = MessageAt(session, _statement.Int64(4)),
        };

        public void Close()
        {
            if (HasRow)
                _statement.Reset();
        }

        private static Message MessageAt(SqliteSession session, long n)
        {
            var select = session.Prepare($"SELECT {Rows.MessageColumns}, {Rows.Payload} FROM message m WHERE m.n = ?").Bind(n);
            if (!select.Step())
                throw new InvalidOperationException($"A pending delivery names message {n}, which is not there.");
            var message = Rows.ReadMessage(select);
            select.Reset();
            return message;
        }
    }
}
