using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Grapnel.Bench.Tools;

/// <summary>A receiver that answers every request with 200, some time after it came. Requests are small and come whole; it does not even read what they say.</summary>
internal sealed class SlowReceiver : IAsyncDisposable
{
    private static readonly byte[] Answer = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly TimeSpan _delay;
    private readonly Task _accepting;

    public SlowReceiver(TimeSpan delay)
    {
        _delay = delay;
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
            _ = AnswerAsync(await _listener.AcceptSocketAsync(_stopping.Token));
    }

    private async Task AnswerAsync(Socket socket)
    {
        using var connection = socket;
        connection.NoDelay = true;
        var buffer = new byte[16 * 1024];
        var body = Body.Bytes.Length;
        try
        {
            for (var read = 0; ; read = 0)
            {
                // The body ends the request: its length is known.
                do
                {
                    var received = await connection.ReceiveAsync(buffer.AsMemory(read), _stopping.Token);
                    if (received == 0)
                        return;
                    read += received;
                }
                while (!IsWhole(buffer.AsSpan(0, read), body));
                await Task.Delay(_delay, TimeProvider.System, _stopping.Token);
                await connection.SendAsync(Answer, _stopping.Token);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // The sender left, or the benchmark is over.
        }
    }

    private static bool IsWhole(ReadOnlySpan<byte> request, int body) =>
        request.IndexOf("\r\n\r\n"u8) is >= 0 and var head && request.Length - head - 4 >= body;
}
