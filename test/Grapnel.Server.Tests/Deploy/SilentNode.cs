using System.Net;
using System.Net.Sockets;

namespace Grapnel.Server.Tests.Deploy;

/// <summary>Stands for a node that dies in the middle of a request: takes it and closes the connection without an answer.</summary>
internal sealed class SilentNode : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _work;
    private int _taken;

    public SilentNode()
    {
        _listener.Start();
        _work = TakeAsync();
    }

    public Uri Address => new($"http://{_listener.LocalEndpoint}");

    /// <summary>How many requests it took.</summary>
    public int Taken => Volatile.Read(ref _taken);

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _work;
    }

    private async Task TakeAsync()
    {
        var buffer = new byte[4096];
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                if (await client.GetStream().ReadAsync(buffer) > 0)
                    Interlocked.Increment(ref _taken);
            }
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException or OperationCanceledException)
        {
        }
    }
}
