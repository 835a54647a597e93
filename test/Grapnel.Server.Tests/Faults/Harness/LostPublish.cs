using System.Net.Sockets;
using System.Text;

namespace Grapnel.Server.Tests.Faults.Harness;

/// <summary>A publish over a bare connection from which nobody reads: whatever the answer is, it is lost.</summary>
internal sealed class LostPublish : IDisposable
{
    private readonly TcpClient _connection = new();

    private LostPublish() { }

    public static async Task<LostPublish> SendAsync(Rig rig, string eventType, string payload, string key)
    {
        var body = $$"""{"eventType":"{{eventType}}","payload":{{payload}}}""";
        var publish = new LostPublish();
        var server = rig.Client.BaseAddress!;
        await publish._connection.ConnectAsync(server.Host, server.Port);
        await publish._connection.GetStream().WriteAsync(Encoding.UTF8.GetBytes(
            $"POST {rig.App}/msg HTTP/1.1\r\nHost: {server.Authority}\r\nAuthorization: Bearer {ServerProcess.Key}\r\nIdempotency-Key: {key}\r\n"
            + $"Content-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}"));
        return publish;
    }

    public void Dispose() => _connection.Dispose();
}
