using System.Net;
using System.Net.Sockets;

namespace Grapnel.Bench.Tools;

/// <summary>A receiver that takes every request and never answers.</summary>
internal sealed class HangingReceiver : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;

    public HangingReceiver()
    {
        _listener.Start(backlog: 1024);
        _accepting = AcceptAsync();
    }

    public string Url => $"http://{_listener.LocalEndpoint}/";

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
            _ = HangAsync(await _listener.AcceptSocketAsync(_stopping.Token));
    }

    private async Task HangAsync(Socket socket)
    {
        using var connection = socket;
        var buffer = new byte[4096];
        try
        {
            while (await connection.ReceiveAsync(buffer, _stopping.Token) > 0) { }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // The sender gave up, or the benchmark is over.
        }
    }
}
