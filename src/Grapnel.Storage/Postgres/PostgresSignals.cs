using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Grapnel.Storage.Postgres;

/// <summary>
/// Signals over <c>LISTEN</c> and <c>NOTIFY</c>. What is sent goes out bundled, in a transaction of its own that waits for no disk: the database lets
/// only one notifying transaction commit at a time, and accepting must not stand in that line.
/// </summary>
internal sealed partial class PostgresSignals : INodeSignals, IAsyncDisposable
{
    private const string Channel = "grapnel";
    private const int MaxWaiting = 100_000;

    // PostgreSQL takes payloads below 8,000 bytes.
    private const int MaxPayload = 7_900;
    private static readonly TimeSpan ReconnectPause = TimeSpan.FromMilliseconds(500);

    private readonly PostgresDatabase _database;
    private readonly Guid _self;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<NodeSignal> _outgoing = System.Threading.Channels.Channel.CreateBounded<NodeSignal>(
        new BoundedChannelOptions(MaxWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest });
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loops;
    private volatile PostgresListener? _listener;
    private bool _disposed;

    /// <summary>Begins to listen, and to send what is given to it.</summary>
    /// <param name="database">Where.</param>
    /// <param name="self">Who this is, to tell its own signals from those of others.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where to tell of lost connections.</param>
    public PostgresSignals(PostgresDatabase database, Guid self, TimeProvider time, ILogger logger)
    {
        (_database, _self, _time, _logger) = (database, self, time, logger);
        _loops = Task.WhenAll(Task.Run(ListenAsync), Task.Run(SendAsync));
    }

    public event Action<NodeSignal>? Received;

    public event Action? Lost;

    public event Action? Interrupted;

    public bool IsConnected => _listener is not null;

    /// <summary>The session in which this process listens, or null while there is none. As long as it lives, so does the process.</summary>
    public PostgresListener? Listener => _listener;

    public void Send(NodeSignal signal) => _outgoing.Writer.TryWrite(signal);

    /// <summary>Tells all other nodes once the transaction of the session is committed.</summary>
    public Task NotifyAsync(PostgresSession session, NodeSignal signal) =>
        session.Prepare($"SELECT pg_notify('{Channel}', $1)").Bind($"{_self:N} {signal}").RunAsync();

    /// <summary>Ends it. The store disposes it, and so may a container that hands it out.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true))
            return;
        _outgoing.Writer.TryComplete();
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _loops.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task ListenAsync()
    {
        var first = true;
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var connection = await _database.OpenListenerAsync(_stopping.Token).ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                    await ListenAsync(connection, first).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
            }
            catch (Exception error)
            {
                first &= _listener is null;
                if (Interlocked.Exchange(ref _listener, null) is not null)
                {
                    LogLost(_logger, PostgresErrors.Describe(error));
                    Lost?.Invoke();
                }
                await Task.Delay(ReconnectPause, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        _listener = null;
    }

    private async Task ListenAsync(NpgsqlConnection connection, bool first)
    {
        connection.Notification += (_, notification) => Receive(notification.Payload);
        var session = new PostgresSession(connection, _stopping.Token);
        await session.Prepare($"LISTEN {Channel}").RunAsync().ConfigureAwait(false);
        _listener = await session.Prepare($"SELECT pid, {PostgresListener.StartedAtSql} FROM pg_stat_activity WHERE pid = pg_backend_pid()")
            .FirstAsync(row => new PostgresListener(row.Int32(0), row.Text(1))).ConfigureAwait(false);
        if (!first)
            Interrupted?.Invoke();
        while (true)
            await connection.WaitAsync(_stopping.Token).ConfigureAwait(false);
    }

    private void Receive(string payload)
    {
        var words = payload.Split(' ');
        if (words[0] == _self.ToString("N"))
            return;
        foreach (var word in words.AsSpan(1))
            if (NodeSignal.TryParse(word, out var signal))
                Received?.Invoke(signal);
    }

    private async Task SendAsync()
    {
        var bundle = new HashSet<NodeSignal>();
        while (await _outgoing.Reader.WaitToReadAsync(_stopping.Token).ConfigureAwait(false))
        {
            bundle.Clear();
            while (bundle.Count < MaxWaiting && _outgoing.Reader.TryRead(out var signal))
                bundle.Add(signal);
            try
            {
                var payloads = Bundle(bundle);
                await _database.WriteAsync(async session =>
                {
                    await session.Prepare("SET LOCAL synchronous_commit = off").RunAsync().ConfigureAwait(false);
                    return await session.Prepare($"SELECT pg_notify('{Channel}', payload) FROM unnest($1::text[]) AS payload").Bind(payloads).RunAsync()
                        .ConfigureAwait(false);
                }, _stopping.Token).ConfigureAwait(false);
            }
            catch (StoreUnavailableException)
            {
                // Lost, as signals may be: whoever would hear it is cut off from the same database, and looks by itself once it is back.
            }
        }
    }

    // Of one lane that was filled several times, the first place tells all.
    private string[] Bundle(HashSet<NodeSignal> signals)
    {
        var least = signals.Where(signal => signal.Kind == SignalKind.LaneFilled).GroupBy(signal => signal.Endpoint)
            .Select(lane => new NodeSignal(SignalKind.LaneFilled, lane.Key, Number: lane.Min(signal => signal.Number)));
        var payloads = new List<string>();
        var payload = new StringBuilder(_self.ToString("N"));
        foreach (var word in signals.Where(signal => signal.Kind != SignalKind.LaneFilled).Concat(least).Select(signal => signal.ToString()))
        {
            if (payload.Length + word.Length >= MaxPayload)
            {
                payloads.Add(payload.ToString());
                payload.Clear().Append(_self.ToString("N"));
            }
            payload.Append(' ').Append(word);
        }
        payloads.Add(payload.ToString());
        return [.. payloads];
    }

    [LoggerMessage(EventId = 501, Level = LogLevel.Warning, Message = "The connection over which other nodes are heard was lost: {Reason}")]
    private static partial void LogLost(ILogger logger, string reason);
}

/// <summary>A session of the database, which ends when its process does.</summary>
/// <param name="ProcessId">The process id of the server's side.</param>
/// <param name="StartedAt">When it began, as the server writes it: process ids come again.</param>
internal sealed record PostgresListener(int ProcessId, string StartedAt)
{
    /// <summary>How a row of <c>pg_stat_activity</c> tells <see cref="StartedAt"/>.</summary>
    public const string StartedAtSql = "to_char(backend_start AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS')";
}
