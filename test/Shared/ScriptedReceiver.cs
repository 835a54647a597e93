using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;

namespace Grapnel.Testing;

/// <summary>
/// A receiver on a loopback port that does what a script says with every connection, below HTTP: it can be slow, rude or wrong in ways
/// no web server can. It keeps every request it reads.
/// </summary>
public sealed class ScriptedReceiver : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly Func<ReceiverConnection, Task> _script;
    private readonly SslServerAuthenticationOptions? _tls;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Channel<ReceivedRequest> _arrivals = Channel.CreateUnbounded<ReceivedRequest>();
    private readonly ConcurrentQueue<ReceivedRequest> _requests = new();
    private readonly ConcurrentDictionary<ReceiverConnection, Task> _open = new();
    private readonly Task _accepting;
    private int _connections;

    /// <summary>Listens at once.</summary>
    /// <param name="script">Runs once per connection, which ends with it.</param>
    /// <param name="tls">Set to speak TLS.</param>
    /// <param name="address">Default 127.0.0.1.</param>
    public ScriptedReceiver(Func<ReceiverConnection, Task> script, SslServerAuthenticationOptions? tls = null, IPAddress? address = null)
    {
        _script = script;
        _tls = tls;
        _listener = new TcpListener(address ?? IPAddress.Loopback, 0);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>A receiver that speaks TLS with this certificate.</summary>
    public ScriptedReceiver(Func<ReceiverConnection, Task> script, X509Certificate2 certificate)
        : this(script, new SslServerAuthenticationOptions { ServerCertificate = certificate }) { }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Url => $"{(_tls is null ? "http" : "https")}://{_listener.LocalEndpoint}/hook";

    /// <summary>Connections accepted so far.</summary>
    public int ConnectionCount => Volatile.Read(ref _connections);

    /// <summary>Requests read so far.</summary>
    public IReadOnlyCollection<ReceivedRequest> Requests => _requests;

    /// <summary>The next request that nobody took yet.</summary>
    public Task<ReceivedRequest> NextRequestAsync() => _arrivals.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));

    /// <summary>Ends when no connection is open any more.</summary>
    public async Task AllClosedAsync()
    {
        while (_open.Values.FirstOrDefault() is { } script)
            await script.WaitAsync(TimeSpan.FromSeconds(20));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_open.Values);
        _stopping.Dispose();
    }

    internal void Add(ReceivedRequest request)
    {
        _requests.Enqueue(request);
        _arrivals.Writer.TryWrite(request);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_stopping.Token);
                Interlocked.Increment(ref _connections);
                var connection = new ReceiverConnection(this, socket, _stopping.Token);
                var turn = new TaskCompletionSource();
                _open[connection] = turn.Task;
                _ = ServeAsync(connection, turn);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The receiver stops.
        }
    }

    private async Task ServeAsync(ReceiverConnection connection, TaskCompletionSource turn)
    {
        try
        {
            await Task.Yield();
            if (_tls is not null)
                await connection.StartTlsAsync(_tls);
            await _script(connection);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException
            or System.Security.Authentication.AuthenticationException)
        {
            // The sender went away, or the receiver stops: what scripts are for.
        }
        finally
        {
            connection.Dispose();
            _open.TryRemove(connection, out _);
            turn.SetResult();
        }
    }
}
