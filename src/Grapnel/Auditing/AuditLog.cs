using Grapnel.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Grapnel.Auditing;

/// <summary>
/// Writes down who changed what. Recording costs no more than a place in a queue; a loop of its own writes what waits, many entries at once,
/// and the rest at the end. A crash loses what was recorded just before. What the store does not take is kept and tried again.
/// </summary>
internal sealed partial class AuditLog(IConsoleStore store, IdGenerator ids, TimeProvider time, ILogger<AuditLog> logger) : BackgroundService
{
    /// <summary>Entries that may wait for the store; what comes on top goes to the log of the process instead.</summary>
    public const int MaxWaiting = 10_000;

    /// <summary>The pause after the store took nothing.</summary>
    public static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(2);

    private const int AtOnce = 250;

    private readonly Queue<AuditEntry> _waiting = new();
    private readonly SemaphoreSlim _arrived = new(0, 1);
    private readonly SemaphoreSlim _writing = new(1, 1);

    /// <summary>Records something that <see cref="Actor.Current"/> did. Call it when the change is durable.</summary>
    /// <param name="action">One of <see cref="AuditActions"/>, or another word like them.</param>
    /// <param name="subject">The id, or name, of what it was done to.</param>
    /// <param name="application">The application that it belongs to, or null.</param>
    /// <param name="changes">See <see cref="Difference"/>; never a secret.</param>
    public void Record(string action, string subject, Id<Application>? application = null, string? changes = null)
    {
        var entry = new AuditEntry
        {
            Id = ids.Next<AuditEntry>(), Actor = Actor.Current, Action = action, Subject = subject, ApplicationId = application, Changes = changes,
        };
        if (TryAdd(entry))
            Wake();
        else
            LogFull(entry.Id, entry.Actor, entry.Action, entry.Subject);
    }

    /// <summary>Records that something changed, unless nothing that counts did.</summary>
    public void RecordChange<T>(string action, string subject, Id<Application>? application, T? before, T? after) where T : class
    {
        if (Difference.Of(before, after) is { } changes)
            Record(action, subject, application, changes);
    }

    /// <summary>Lists the log by id, with what was recorded here up to now, as far as the store takes it.</summary>
    public async Task<Page<AuditEntry>> ListAsync(AuditFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        await FlushAsync();
        return await store.ListAuditEntriesAsync(filter, page, cancellationToken);
    }

    /// <summary>Writes what waits, now; false when the store does not take it.</summary>
    public async Task<bool> FlushAsync()
    {
        if (NextBatch().Length == 0)
            return true;
        await _writing.WaitAsync();
        try
        {
            while (NextBatch() is { Length: > 0 } batch)
            {
                await store.AddAuditEntriesAsync(batch, CancellationToken.None);
                Forget(batch.Length);
            }
            return true;
        }
        catch (Exception e)
        {
            LogNotWritten(e, Waiting);
            return false;
        }
        finally
        {
            _writing.Release();
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (!await FlushAsync())
            LogLost(Waiting);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await _arrived.WaitAsync(stoppingToken);
            while (!await FlushAsync())
                await Task.Delay(RetryPause, time, stoppingToken);
        }
    }

    private int Waiting
    {
        get
        {
            lock (_waiting)
                return _waiting.Count;
        }
    }

    private bool TryAdd(AuditEntry entry)
    {
        lock (_waiting)
        {
            if (_waiting.Count >= MaxWaiting)
                return false;
            _waiting.Enqueue(entry);
            return true;
        }
    }

    private void Wake()
    {
        lock (_arrived)
        {
            if (_arrived.CurrentCount == 0)
                _arrived.Release();
        }
    }

    // They stay in the queue until they are written: one that fails is the first of the next try.
    private AuditEntry[] NextBatch()
    {
        lock (_waiting)
            return [.. _waiting.Take(AtOnce)];
    }

    private void Forget(int count)
    {
        lock (_waiting)
        {
            for (; count > 0; count--)
                _waiting.Dequeue();
        }
    }
}
