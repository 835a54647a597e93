using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Grapnel.Server.Tests.Telemetry;

/// <summary>A collector that takes OTLP, by HTTP or by gRPC, and keeps spans, log lines and the names of metrics.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly ConcurrentQueue<(string Signal, byte[] Body)> _exports = new();
    private readonly ConcurrentQueue<string> _keys = new();
    private WebApplication _app = null!;

    public string Address => _app.Urls.First();

    /// <summary>The values of the header <c>x-key</c> that came with exports.</summary>
    public IEnumerable<string> Keys => _keys.Distinct();

    public static async Task<Collector> StartAsync(bool grpc)
    {
        var collector = new Collector();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = grpc ? HttpProtocols.Http2 : HttpProtocols.Http1));
        collector._app = builder.Build();
        foreach (var (signal, service) in new[] { ("traces", "trace.v1.TraceService"), ("metrics", "metrics.v1.MetricsService"), ("logs", "logs.v1.LogsService") })
        {
            var path = grpc ? $"/opentelemetry.proto.collector.{service}/Export" : $"/v1/{signal}";
            collector._app.MapPost(path, http => collector.TakeAsync(http, signal, grpc));
        }
        await collector._app.StartAsync();
        return collector;
    }

    private async Task TakeAsync(HttpContext http, string signal, bool grpc)
    {
        var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        _keys.Enqueue(http.Request.Headers["x-key"].ToString());
        // In gRPC, a byte and a length stand before the message.
        _exports.Enqueue((signal, body.ToArray()[(grpc ? 5 : 0)..]));
        if (!grpc)
            return;
        http.Response.ContentType = "application/grpc";
        await http.Response.Body.WriteAsync(new byte[5]);
        http.Response.AppendTrailer("grpc-status", "0");
    }

    /// <summary>The spans so far. Numbers are those of the fields in the .proto files of OTLP 1.</summary>
    public List<CollectedSpan> Spans =>
    [
        .. from span in Of("traces", 1, 2, 2)
           select new CollectedSpan(span.Hex(1), span.Hex(2), span.Hex(4), span.Text(5)),
    ];

    /// <summary>The log lines so far: the formatted message, and the trace and span that it was written in.</summary>
    public List<(string Text, string Trace, string Span)> Logs =>
        [.. from line in Of("logs", 1, 2, 2) select (string.Concat(line.All(5).Select(body => body.Text(1))), line.Hex(9), line.Hex(10))];

    public List<string> Metrics => [.. Of("metrics", 1, 2, 2).Select(metric => metric.Text(1)).Distinct()];

    private IEnumerable<ProtobufMessage> Of(string signal, params int[] path) => path.Aggregate(
        _exports.Where(export => export.Signal == signal).Select(export => new ProtobufMessage(export.Body)),
        (messages, field) => messages.SelectMany(message => message.All(field)));

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}

/// <summary>A span as it arrived; ids in hexadecimal, the parent's empty where there is none.</summary>
internal sealed record CollectedSpan(string Trace, string Id, string Parent, string Name);

/// <summary>As much of Protocol Buffers as it takes to look into an export.</summary>
internal sealed class ProtobufMessage(ReadOnlyMemory<byte> bytes)
{
    private readonly Lazy<List<(int Field, ReadOnlyMemory<byte> Value)>> _fields = new(() => Parse(bytes));

    public IEnumerable<ProtobufMessage> All(int field) => _fields.Value.Where(f => f.Field == field).Select(f => new ProtobufMessage(f.Value));

    public string Hex(int field) => Convert.ToHexStringLower(Last(field));

    public string Text(int field) => System.Text.Encoding.UTF8.GetString(Last(field));

    private ReadOnlySpan<byte> Last(int field) => _fields.Value.FindLast(f => f.Field == field).Value.Span;

    private static List<(int, ReadOnlyMemory<byte>)> Parse(ReadOnlyMemory<byte> bytes)
    {
        var fields = new List<(int, ReadOnlyMemory<byte>)>();
        for (var at = 0; at < bytes.Length;)
        {
            var key = (int)ReadNumber(bytes.Span, ref at);
            var length = (key & 7) switch
            {
                0 => Skip(bytes.Span, at),
                1 => 8,
                2 => (int)ReadNumber(bytes.Span, ref at),
                5 => 4,
                _ => throw new InvalidDataException("This is no message."),
            };
            fields.Add((key >> 3, bytes.Slice(at, length)));
            at += length;
        }
        return fields;
    }

    private static int Skip(ReadOnlySpan<byte> bytes, int at)
    {
        var end = at;
        ReadNumber(bytes, ref end);
        return end - at;
    }

    private static ulong ReadNumber(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong number = 0;
        var shift = 0;
        byte next;
        do
        {
            next = bytes[at++];
            number |= (ulong)(next & 0x7f) << shift;
            shift += 7;
        }
        while (next > 0x7f);
        return number;
    }
}
