using System.Collections.Concurrent;
using System.Diagnostics;
using Grapnel.Publishing;

namespace Grapnel.Tests.Engine;

public sealed class TraceTests
{
    [Fact]
    public async Task The_publish_and_every_attempt_are_one_trace_whenever_and_by_whatever_process_they_are_made()
    {
        await using var engine = await EngineHarness.StartAsync();
        using var trace = new Trace();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/secret-path");
        engine.Receiver.AnswerWith(_ => engine.Receiver.Received.Count < 2 ? 500 : 204);
        var message = await trace.AsCallerAsync(() => engine.PublishedAsync());
        await engine.QuietAsync();
        await engine.RestartAsync();

        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));

        var publish = trace.Spans("publish").ShouldHaveSingleItem();
        (publish.ParentSpanId, publish.Kind, Tag(publish, "messaging.message.id")).ShouldBe((trace.Caller.SpanId, ActivityKind.Producer, message.Id.ToString()));
        var attempts = trace.Spans("deliver");
        attempts.Select(span => (Tag(span, "grapnel.attempt.number"), Tag(span, "http.response.status_code"), Tag(span, "grapnel.outcome"), span.Status))
            .ShouldBe([("1", "500", "Refused", ActivityStatusCode.Error), ("2", "204", "Success", ActivityStatusCode.Unset)]);
        attempts.ShouldAllBe(span => span.ParentSpanId == publish.SpanId && span.Kind == ActivityKind.Client);
        attempts.ShouldAllBe(span => Tag(span, "messaging.message.id") == message.Id.ToString() && Tag(span, "grapnel.endpoint.id") == endpoint.Id.ToString()
            && Tag(span, "grapnel.application.id") == endpoint.ApplicationId.ToString() && Tag(span, "grapnel.event_type") == "order.created"
            && Tag(span, "http.request.method") == "POST" && Tag(span, "server.address") == "127.0.0.1" && Tag(span, "server.port") == "1");
        attempts[0].StatusDescription.ShouldBe("The receiver answered 500.");
        attempts.ShouldAllBe(span => !span.TagObjects.Any(tag => $"{tag.Value}".Contains("secret-path")));
    }

    [Fact]
    public async Task A_caller_whose_trace_is_not_sampled_leaves_no_trace()
    {
        await using var engine = await EngineHarness.StartAsync();
        using var trace = new Trace(sampled: false);
        await engine.AddEndpointAsync("http://127.0.0.1:1/");

        var message = await trace.AsCallerAsync(() => engine.PublishedAsync());
        await engine.QuietAsync();

        message.TraceParent.ShouldBeNull();
        engine.Receiver.Received.Count.ShouldBe(1);
        trace.Spans("publish").Concat(trace.Spans("deliver")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_message_of_a_batch_belongs_to_the_span_of_the_batch()
    {
        await using var engine = await EngineHarness.StartAsync();
        using var trace = new Trace();
        await engine.AddEndpointAsync("http://127.0.0.1:1/");
        var request = new PublishRequest { Application = Application.DefaultUid, EventType = "order.created", Payload = "{}"u8.ToArray() };

        await trace.AsCallerAsync(() => engine.Get<Publisher>().PublishAsync(Application.DefaultUid, [request, request], null, default));
        await engine.QuietAsync();

        var publish = trace.Spans("publish").ShouldHaveSingleItem();
        Tag(publish, "messaging.batch.message_count").ShouldBe("2");
        trace.Spans("deliver").Select(span => span.ParentSpanId).ShouldBe([publish.SpanId, publish.SpanId]);
    }

    private static string? Tag(Activity span, string name) => span.GetTagItem(name)?.ToString();

    /// <summary>Records the spans of one trace only: other tests run beside this one.</summary>
    private sealed class Trace : IDisposable
    {
        private readonly ConcurrentQueue<Activity> _spans = new();
        private readonly ActivityListener _listener;

        public Trace(bool sampled = true)
        {
            // As the host makes one for a request with a traceparent.
            Caller = new Activity("request").SetParentId(
                ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), sampled ? ActivityTraceFlags.Recorded : ActivityTraceFlags.None);
            _listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name == GrapnelTracing.SourceName,
                Sample = (ref ActivityCreationOptions<ActivityContext> span) =>
                    span.Parent.TraceId == Caller.TraceId && sampled ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
                ActivityStopped = span =>
                {
                    if (span.TraceId == Caller.TraceId)
                        _spans.Enqueue(span);
                },
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public Activity Caller { get; }

        public List<Activity> Spans(string name) => [.. _spans.Where(span => span.OperationName == name).OrderBy(span => span.StartTimeUtc)];

        public async Task<T> AsCallerAsync<T>(Func<Task<T>> publish)
        {
            Caller.Start();
            var result = await publish();
            Caller.Stop();
            return result;
        }

        public void Dispose()
        {
            _listener.Dispose();
            Caller.Dispose();
        }
    }
}
