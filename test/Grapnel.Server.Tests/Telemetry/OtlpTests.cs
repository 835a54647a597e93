using System.Collections;
using System.Text;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Grapnel.Server.Tests.Telemetry;

public sealed class OtlpTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Caller = "b7ad6b7169203331";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_callers_trace_goes_by_its_request_and_the_publish_to_the_attempt_with_its_log_line_and_not_to_the_receiver(bool grpc)
    {
        await using var collector = await Collector.StartAsync(grpc);
        await using var server = await StartAsync(new()
        {
            ["Telemetry:OtlpEndpoint"] = collector.Address, ["Telemetry:OtlpProtocol"] = grpc ? "Grpc" : "HttpProtobuf", ["Telemetry:OtlpHeaders"] = "x-key=opensesame",
            ["Logging:LogLevel:Grapnel"] = "Debug", ["Logging:Console:LogLevel:Default"] = "None", ["Logging:Console:LogLevel:Grapnel"] = "None",
        });

        var received = await DeliverAsync(server, $"00-{Trace}-{Caller}-01");
        Flush(server);

        received.Headers.Select(header => header.Key.ToLowerInvariant()).ShouldBeSubsetOf(
            ["host", "user-agent", "webhook-id", "webhook-timestamp", "webhook-signature", "content-type", "content-length"]);
        var spans = collector.Spans.Where(span => span.Trace == Trace).ToList();
        var request = spans.Single(span => span.Parent == Caller);
        var publish = spans.Single(span => span.Parent == request.Id);
        var deliver = spans.Single(span => span.Parent == publish.Id);
        (request.Name, publish.Name, deliver.Name, spans.Count).ShouldBe(("POST /trigger/{event}", "publish", "deliver", 3));
        collector.Logs.ShouldContain(line => line.Trace == Trace && line.Span == deliver.Id && line.Text.Contains(received.Header("webhook-id")!));
        // Of which servers of this process they are cannot be said.
        collector.Metrics.ShouldContain(name => name.StartsWith("grapnel."));
        collector.Keys.ShouldBe(["opensesame"]);
    }

    [Fact]
    public async Task A_trace_that_the_caller_does_not_record_is_not_recorded()
    {
        await using var collector = await Collector.StartAsync(grpc: false);
        await using var server = await StartAsync(new() { ["Telemetry:OtlpEndpoint"] = collector.Address, ["Telemetry:OtlpProtocol"] = "HttpProtobuf" });

        await DeliverAsync(server, $"00-{Trace}-{Caller}-00");
        Flush(server);

        collector.Spans.Where(span => span.Trace == Trace).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_variables_of_open_telemetry_turn_it_on_too()
    {
        await using var collector = await Collector.StartAsync(grpc: false);
        await using var server = await StartAsync([], new Hashtable
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address, ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf", ["OTEL_EXPORTER_OTLP_HEADERS"] = "x-key=fromvariable",
        });

        await DeliverAsync(server, $"00-{Trace}-{Caller}-01");
        Flush(server);

        collector.Spans.Count(span => span.Trace == Trace).ShouldBe(3);
        collector.Keys.ShouldBe(["fromvariable"]);
    }

    [Fact]
    public async Task A_collector_that_is_not_there_holds_nothing_up()
    {
        await using var server = await StartAsync(new() { ["Telemetry:OtlpEndpoint"] = "http://127.0.0.1:9" });
        (await DeliverAsync(server, $"00-{Trace}-{Caller}-01")).Header("webhook-id").ShouldNotBeNull();
    }

    [Fact]
    public async Task Without_an_exporter_there_is_nobody_who_listens_and_no_trace_is_kept()
    {
        await using var server = await StartAsync([]);
        foreach (var provider in new[] { typeof(TracerProvider), typeof(MeterProvider), typeof(LoggerProvider) })
            server.Get<IServiceProvider>().GetService(provider).ShouldBeNull();
    }

    private static Task<TestServer> StartAsync(Dictionary<string, string?> settings, Hashtable? environment = null) =>
        TestServer.StartAsync(settings, environment: environment);

    private static async Task<ReceivedRequest> DeliverAsync(TestServer server, string traceparent)
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var type = $"type.{Guid.NewGuid():N}";
        (await server.Client.PostJsonAsync("/api/v1/event-type", $$"""{"name":"{{type}}","description":""}""")).Status.ShouldBe(201);
        (await server.Client.PostJsonAsync("/api/v1/app/default/endpoint", $$"""{"url":"{{receiver.Url}}"}""")).Status.ShouldBe(201);
        using var settled = new Settled(server, (await server.Client.GetJsonAsync("/api/v1/app/default")).Id);
        using var message = new HttpRequestMessage(HttpMethod.Post, $"/trigger/{type}") { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
        message.Headers.Add("traceparent", traceparent);
        using var reply = await server.Client.SendAsync(message);
        ((int)reply.StatusCode).ShouldBe(202);
        await settled.NextAsync();
        return await receiver.NextRequestAsync();
    }

    private static void Flush(TestServer server)
    {
        server.Get<TracerProvider>().ForceFlush().ShouldBeTrue();
        server.Get<LoggerProvider>().ForceFlush().ShouldBeTrue();
        server.Get<MeterProvider>().ForceFlush().ShouldBeTrue();
    }
}
