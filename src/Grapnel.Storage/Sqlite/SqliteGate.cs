using Microsoft.Data.Sqlite;

namespace Grapnel.Storage.Sqlite;

/// <summary>
/// The one way to write: a thread with a connection. Whatever was queued while the last commit ran goes into the next transaction
/// together, so accepts, settles and catalog writes share the cost of reaching the disk. Each piece of work stands or falls alone,
/// unless the disk fails: then nothing of the transaction was done, and every piece of it is told so.
/// </summary>
internal sealed class SqliteGate : IAsyncDisposable
{
    // Bounds the time between commits; the pieces are batches themselves.
    private const int MaxItems = 256;

    // Readers that overlap without a gap keep SQLite from starting the log over. That is looked after once in so many commits.
    private const int CommitsBetweenWalChecks = 64;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan BriefWait = TimeSpan.FromMilliseconds(100);

    private readonly SqliteSession _session;
    private readonly string _walFile;
    private readonly object _sync = new();
    private readonly Queue<GateItem> _queue = new();
    private readonly List<GateItem> _batch = new(MaxItems);
    private readonly List<(GateItem Item, Exception Error)> _refused = [];
    private readonly List<Action<bool>> _toBeTold = [];
    private bool _closed;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Takes over the session and starts the thread.</summary>
    public SqliteGate(SqliteSession session, string walFile)
    {
        _session = session;
        _walFile = walFile;
        new Thread(Loop) { IsBackground = true, Name = "Grapnel store writer" }.Start();
    }

    /// <summary>Transactions committed so far.</summary>
    public long Commits { get; private set; }

    /// <summary>
    /// Runs work inside a transaction; the task completes when it is durable. Work must not wait for anything, nor have effects outside
    /// the store: when other work in its transaction fails, all is undone and the rest runs again.
    /// </summary>
    /// <param name="work">The work.</param>
    /// <param name="patient">Whether it may wait a moment for other work, to share its commit.</param>
    public Task<T> RunAsync<T>(Func<SqliteSession, T> work, bool patient = false)
    {
        var item = new GateItem<T>(work) { IsPatient = patient };
        lock (_sync)
        {
            if (!_closed)
            {
                _queue.Enqueue(item);
                Monitor.Pulse(_sync);
                return item.Task;
            }
        }
        item.Fail(new StoreUnavailableException("The store is closed."));
        return item.Task;
    }

    /// <summary>
    /// For work that keeps in memory what it knows of the store: has it told, once and on the gate's thread, whether the transaction that is open
    /// now was committed or undone.
    /// </summary>
    public void TellHowItEnds(Action<bool> committed) => _toBeTold.Add(committed);

    /// <summary>Finishes what was queued, then closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_sync)
        {
            _closed = true;
            Monitor.Pulse(_sync);
        }
        await _stopped.Task.ConfigureAwait(false);
    }

    private void Loop()
    {
        while (TakeBatch())
        {
            RunBatch();
            if (Commits % CommitsBetweenWalChecks == 0)
                BoundWal();
        }
        _session.Dispose();
        _stopped.SetResult();
    }

    // Waits on a monitor, which puts the thread to sleep at once: with as few cores as threads that want them, spinning takes from the others.
    private bool TakeBatch()
    {
        _batch.Clear();
        lock (_sync)
        {
            while (_queue.Count == 0 && !_closed)
                Monitor.Wait(_sync);
            // Outcomes that nobody waits for share the commit of the next message to come in, if one comes soon. Without this, accepting
            // and settling would take turns with the disk under load, and pay for twice as many commits.
            if (_queue.Count == 1 && _queue.Peek().IsPatient && !_closed)
                Monitor.Wait(_sync, Patience);
            while (_batch.Count < MaxItems && _queue.TryDequeue(out var item))
                _batch.Add(item);
        }
        return _batch.Count > 0;
    }

    private void RunBatch()
    {
        _refused.Clear();
        (GateItem? Item, Exception Error)? fault;
        while ((fault = RunTogether()) is ({ } refused, var error))
        {
            _batch.Remove(refused);
            _refused.Add((refused, error));
        }
        foreach (var item in _batch)
        {
            if (fault is null)
                item.Complete();
            else
                item.Fail(fault.Value.Error);
        }
        // Last, for what they were refused for may have come in this very transaction: whoever hears of it must find it, durable.
        foreach (var (item, error) in _refused)
            item.Fail(fault?.Error ?? error);
    }

    // Commits the batch and returns null; or undoes all of it and returns why, with the piece at fault if it is one of them and not the store.
    // Savepoints would undo that one alone, but they copy every page that is written inside of them, and next to nothing ever fails here.
    private (GateItem? Item, Exception Error)? RunTogether()
    {
        if (_batch.Count == 0)
            return null;
        GateItem? running = null;
        try
        {
            _session.Prepare("BEGIN IMMEDIATE").Run();
            foreach (var item in _batch)
                (running = item).Run(_session);
            running = null;
            _session.Prepare("COMMIT").Run();
            Commits++;
            Tell(committed: true);
            return null;
        }
        catch (Exception error)
        {
            RollBack();
            return SqliteErrors.IsStorageFailure(error) ? (null, SqliteErrors.Unavailable(error)) : (running, error);
        }
    }

    // SQLite has rolled back by itself after some errors. A roll-back that fails leaves nothing to do: the next BEGIN will tell.
    private void RollBack()
    {
        Tell(committed: false);
        try
        {
            if (_session.InTransaction)
                _session.Prepare("ROLLBACK").Run();
        }
        catch (SqliteException)
        {
        }
    }

    private void Tell(bool committed)
    {
        foreach (var told in _toBeTold)
            told(committed);
        _toBeTold.Clear();
    }

    // Waits a moment for readers to finish, and leaves it to the next check if they do not: accepting must not stand still for this.
    private void BoundWal()
    {
        if (new FileInfo(_walFile) is not { Exists: true, Length: > 2 * SqliteStore.WalLimitBytes })
            return;
        _session.SetBusyTimeout(BriefWait);
        try
        {
            _session.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
        }
        catch (SqliteException)
        {
        }
        _session.SetBusyTimeout(SqliteSession.BusyTimeout);
    }
}
