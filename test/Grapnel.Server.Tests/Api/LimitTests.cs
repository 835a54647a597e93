using System.Net.Sockets;
using System.Text;
using Grapnel.Server.Api;
using Grapnel.Server.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Grapnel.Server.Tests.Api;

public sealed class LimitTests : IAsyncLifetime
{
    private const int Limit = 4096;
    private TestServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Publishing:MaxPayloadBytes"] = $"{Limit}" });
        await _server.Client.PostJsonAsync("/api/v1/event-type", """{"name":"big","description":""}""");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData(Limit, false, 202)]
    [InlineData(Limit, true, 202)]
    [InlineData(Limit + 1, false, 413)]
    [InlineData(Limit + 1, true, 413)]
    public async Task A_trigger_takes_exactly_the_limit_and_not_a_byte_more(int size, bool chunked, int status)
    {
        var reply = await _server.Client.SendAsync(HttpMethod.Post, "/trigger/big", new byte[size], chunked: chunked);
        reply.Status.ShouldBe(status);
        if (status == 413)
            reply["code"].GetString().ShouldBe("payload_too_large");
    }

    [Theory]
    [InlineData(Limit, false, 202)]
    [InlineData(Limit, true, 202)]
    [InlineData(Limit + 1, false, 413)]
    [InlineData(Limit + 1, true, 413)]
    public async Task The_payload_of_a_message_counts_without_what_is_around_it(int size, bool raw, int status)
    {
        var text = new string('"', size); // each one escaped in JSON, so twice its size on the way in
        var payload = $$"""{"a":"{{new string('x', size - 8)}}"}""";
        var body = raw
            ? $$$"""{"eventType":"big","payload":{},"transformationsParams":{"rawPayload":"{{{text.Replace("\"", "\\\"")}}}"}}"""
            : $$"""{"eventType":"big","eventId":"{{new string('i', 200)}}","payload":{{payload}}}""";
        (await _server.Client.PostJsonAsync("/api/v1/app/default/msg", body)).Status.ShouldBe(status);
    }

    [Fact]
    public async Task An_announced_25_MB_is_refused_before_any_of_it_is_read()
    {
        foreach (var path in new[] { "/trigger/big", "/api/v1/app/default/msg", "/api/v1/app" })
            (await ExchangeAsync(path, "Content-Length: 26214400", send: 0)).ShouldStartWith("HTTP/1.1 413");
    }

    [Fact]
    public async Task A_chunked_25_MB_is_refused_while_it_comes()
    {
        foreach (var path in new[] { "/trigger/big", "/api/v1/app/default/msg", "/api/v1/app" })
            (await ExchangeAsync(path, "Transfer-Encoding: chunked", send: 25 << 20)).ShouldStartWith("HTTP/1.1 413");
    }

    [Fact]
    public async Task Reading_stops_at_the_limit_however_much_comes()
    {
        var endless = new EndlessStream();
        var http = new DefaultHttpContext { Request = { Body = endless } };
        var refused = await Should.ThrowAsync<BadHttpRequestException>(async () => await RequestBytes.ReadAsync(http.Request, Limit, default));
        refused.StatusCode.ShouldBe(413);
        endless.Given.ShouldBeLessThan(Limit + 64 * 1024);
    }

    /// <summary>Sends a request over a bare connection, and its body until an answer comes.</summary>
    private async Task<string> ExchangeAsync(string path, string header, int send)
    {
        using var connection = new TcpClient();
        await connection.ConnectAsync(_server.Address.Host, _server.Address.Port);
        var stream = connection.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TestServer.Key}\r\nContent-Type: application/json\r\n{header}\r\n\r\n"));
        var head = new byte[64];
        var answer = stream.ReadAtLeastAsync(head, 12).AsTask();
        byte[] chunk = [.. "8000\r\n"u8, .. new byte[0x8000], .. "\r\n"u8];
        try
        {
            for (var sent = 0; sent < send && !answer.IsCompleted; sent += 0x8000)
                await stream.WriteAsync(chunk);
        }
        catch (IOException)
        {
            // The server has heard enough; its answer came before it hung up.
        }
        await answer.WaitAsync(TimeSpan.FromSeconds(20));
        return Encoding.ASCII.GetString(head);
    }

    private sealed class EndlessStream : Stream
    {
        public long Given { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => Given; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            Given += count;
            return count;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Given += buffer.Length;
            return new(buffer.Length);
        }

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
