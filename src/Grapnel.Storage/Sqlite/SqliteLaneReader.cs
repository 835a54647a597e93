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
            Merge(bySeq: true, Open(LaneSql.Fresh, 0), Open(LaneSql.Tried), Open(LaneSql.ScheduledDue, read.Now));
        else
            Merge(bySeq: false, Open(LaneSql.Due, read.Now), Open(LaneSql.Fresh, read.AfterSeq));
        return new LanePage(_deliveries, _more, NextDueAt(), Health());
    }

    private Run Open(string sql, long? parameter = null)
    {
        var statement = session.Prepare(sql).Bind(read.EndpointId);
        if (parameter is { } value)
            statement.Bind(value);
        return new Run(statement, read.Held);
    }

    // By place the lowest head goes first. Otherwise the runs take turns: retries that are due must not wait behind
    // a long queue of fresh ones, nor fresh ones behind a storm of retries.
    private void Merge(bool bySeq, params Run[] runs)
    {
        for (var turn = 0; ; turn++)
        {
            var ready = Array.FindAll(runs, run => run.HasRow);
            if (ready.Length == 0)
                break;
            if (_more = IsFull)
                break;
            Add(bySeq ? ready.MinBy(run => run.Seq)! : runs[turn % runs.Length]);
        }
        foreach (var run in runs)
            run.Close();
    }

    private bool IsFull => _deliveries.Count >= read.Limit || (_deliveries.Count > 0 && _bytes >= read.ByteLimit);

    private void Add(Run run)
    {
        if (!run.HasRow)
            return;
        var delivery = run.Read(read.EndpointId, session);
        _deliveries.Add(delivery);
        _bytes += delivery.Message.Payload?.Length ?? 0;
        run.Next();
    }

    private long? NextDueAt()
    {
        var select = session.Prepare(LaneSql.NotDue).Bind(read.EndpointId).Bind(read.Now);
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

    private EndpointHealth? Health()
    {
        var select = session.Prepare(SqliteHistoryStore.HealthSql).Bind(read.EndpointId);
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
            var select = session.Prepare($"SELECT {Rows.MessageColumns}, m.payload FROM message m WHERE m.n = ?").Bind(n);
            if (!select.Step())
                throw new InvalidOperationException($"A pending delivery names message {n}, which is not there.");
            var message = Rows.ReadMessage(select);
            select.Reset();
            return message;
        }
    }
}
