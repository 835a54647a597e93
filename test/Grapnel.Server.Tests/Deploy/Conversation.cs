using System.Net;
using System.Text;
using System.Threading.Channels;

namespace Grapnel.Server.Tests.Deploy;

/// <summary>The body of a request that is sent line by line, when a test says the next one.</summary>
internal sealed class Conversation : HttpContent
{
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

    public Conversation() => Headers.TryAddWithoutValidation("Content-Type", "application/x-ndjson");

    public ValueTask SayAsync(string line) => _lines.Writer.WriteAsync(line);

    public void End() => _lines.Writer.Complete();

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await stream.FlushAsync();
        await foreach (var line in _lines.Reader.ReadAllAsync())
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"));
            await stream.FlushAsync();
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
