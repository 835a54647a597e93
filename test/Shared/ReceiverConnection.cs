using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Grapnel.Testing;

/// <summary>One connection as the script of a <see cref="ScriptedReceiver"/> sees it.</summary>
public sealed class ReceiverConnection : IDisposable
{
    private readonly ScriptedReceiver _receiver;
    private readonly Socket _socket;
    private readonly CancellationToken _stopping;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start, _end;

    internal ReceiverConnection(ScriptedReceiver receiver, Socket socket, CancellationToken stopping)
    {
        (_receiver, _socket, _stopping) = (receiver, socket, stopping);
        socket.NoDelay = true;
        Stream = new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>The wire, within TLS if there is any.</summary>
    public Stream Stream { get; private set; }

    /// <summary>Bytes written so far.</summary>
    public long Written { get; private set; }

    /// <summary>Reads one request with its body; null when the sender closed.</summary>
    public async Task<ReceivedRequest?> ReadRequestAsync()
    {
        var head = new List<byte>();
        while (!CollectionsMarshal.AsSpan(head).EndsWith("\r\n\r\n"u8))
        {
            if (await ReadByteAsync() is not { } next)
                return null;
            head.Add(next);
        }
        var request = ReceivedRequest.Parse(Encoding.Latin1.GetString([.. head]));
        var body = new byte[int.Parse(request.Header("Content-Length") ?? "0")];
        for (var i = 0; i < body.Length; i++)
            body[i] = await ReadByteAsync() ?? throw new EndOfStreamException();
        request = request with { Body = body };
        _receiver.Add(request);
        return request;
    }

    /// <summary>Writes characters as Latin-1.</summary>
    public Task WriteAsync(string text) => WriteAsync(Encoding.Latin1.GetBytes(text));

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        await Stream.WriteAsync(bytes, _stopping);
        Written += bytes.Length;
    }

    /// <summary>Says nothing more until the sender closes.</summary>
    public async Task HangAsync()
    {
        while (await ReadByteAsync() is not null) { }
    }

    /// <summary>Writes one byte every <paramref name="pause"/> until the sender closes.</summary>
    public async Task DripAsync(string text, TimeSpan pause)
    {
        var closed = HangAsync();
        foreach (var c in text)
        {
            if (await Task.WhenAny(closed, Task.Delay(pause, TimeProvider.System, _stopping)) == closed)
                return;
            await WriteAsync(c.ToString());
        }
    }

    /// <summary>Carries bytes both ways between the sender and another port of this machine, until either closes.</summary>
    public async Task TunnelAsync(int port)
    {
        using var target = new TcpClient();
        await target.ConnectAsync("127.0.0.1", port, _stopping);
        var stream = target.GetStream();
        await stream.WriteAsync(_buffer.AsMemory(_start.._end), _stopping);
        await Task.WhenAny(Stream.CopyToAsync(stream, _stopping), stream.CopyToAsync(Stream, _stopping));
    }

    /// <summary>Closes with a TCP reset instead of an end.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Close();
    }

    public void Dispose() => Stream.Dispose();

    internal async Task StartTlsAsync(SslServerAuthenticationOptions options)
    {
        var tls = new SslStream(Stream);
        Stream = tls;
        await tls.AuthenticateAsServerAsync(options, _stopping);
    }

    private async ValueTask<byte?> ReadByteAsync()
    {
        if (_start == _end)
        {
            (_start, _end) = (0, await Stream.ReadAsync(_buffer, _stopping));
            if (_end == 0)
                return null;
        }
        return _buffer[_start++];
    }
}
