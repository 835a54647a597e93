using System.Text;
using Grapnel.Sending;
using Grapnel.Sending.Signing;
using Grapnel.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Grapnel.Tests.Sending;

public sealed class WebhookSenderTests
{
    private static readonly ReceiverKey Key = ReceiverKey.Of(new EndpointSecret(SendFixture.Key, null));

    [Fact]
    public async Task A_request_carries_the_body_and_the_headers_that_receivers_rely_on()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture();
        var endpoint = SendFixture.Endpoint(receiver.Url + "?a=b") with
        {
            Headers = new Dictionary<string, string> { ["X-Tenant"] = "caf\u00e9", ["Authorization"] = "Bearer x" },
        };
        var delivery = SendFixture.Delivery("""{"a":1}"""u8.ToArray(), "application/cloudevents+json; charset=utf-8");
        var before = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());

        var result = await fixture.SendAsync(endpoint, delivery);

        var request = await receiver.NextRequestAsync();
        request.Line.ShouldBe("POST /hook?a=b HTTP/1.1");
        request.Header("webhook-id").ShouldBe(delivery.Message.Id.ToString());
        request.Header("content-type").ShouldBe("application/cloudevents+json; charset=utf-8");
        request.Header("content-length").ShouldBe("7");
        request.Header("user-agent")!.ShouldMatch(@"^Grapnel/\d+\.\d+\.\d+(-[\w.]+)?$");
        request.Header("host").ShouldBe($"127.0.0.1:{receiver.Port}");
        request.Header("x-tenant").ShouldBe("caf\u00e9");
        request.Header("authorization").ShouldBe("Bearer x");
        var timestamp = DateTimeOffset.FromUnixTimeSeconds(long.Parse(request.Header("webhook-timestamp")!));
        timestamp.ShouldBeInRange(before, TimeProvider.System.GetUtcNow());
        StandardWebhooksVerifier.Verify(request.Header("webhook-id"), request.Header("webhook-timestamp"), request.Header("webhook-signature"),
            request.Body, Key, timestamp).ShouldBeTrue();
        request.Headers.Count.ShouldBe(9, string.Join("\n", request.Headers));

        result.Outcome.ShouldBe(SendOutcome.Success);
        result.StatusCode.ShouldBe(200);
        Encoding.ASCII.GetString(result.ResponseBody.Span).ShouldBe("ok");
        result.Error.ShouldBeNull();
        result.Duration.ShouldBeGreaterThan(TimeSpan.Zero);
    }

    public static TheoryData<byte[]> Bodies => new(
    [
        """{ "a" :1.0,  "a":9007199254740993,"e":"\u00e9é😀" }"""u8.ToArray(),
        """{"lone":"\ud800"}"""u8.ToArray(),
        [0xef, 0xbb, 0xbf, (byte)'{', (byte)'}'],
        [],
        [0x00, 0xff, 0xfe, 0x0d, 0x0a, 0x0d, 0x0a, 0x80],
        [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i * 7))],
    ]);

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task The_body_sent_is_the_body_received_byte_for_byte(byte[] body)
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture();

        var result = await fixture.SendAsync(SendFixture.Endpoint(receiver.Url), SendFixture.Delivery(body));

        result.Outcome.ShouldBe(SendOutcome.Success);
        var request = await receiver.NextRequestAsync();
        request.Body.SequenceEqual(body).ShouldBeTrue();
        StandardWebhooksVerifier.Verify(request.Header("webhook-id"), request.Header("webhook-timestamp"), request.Header("webhook-signature"),
            request.Body, Key, TimeProvider.System.GetUtcNow()).ShouldBeTrue();
    }

    [Theory]
    [InlineData(200, SendOutcome.Success), InlineData(204, SendOutcome.Success), InlineData(299, SendOutcome.Success)]
    [InlineData(301, SendOutcome.Redirect), InlineData(302, SendOutcome.Redirect), InlineData(304, SendOutcome.Redirect), InlineData(307, SendOutcome.Redirect)]
    [InlineData(400, SendOutcome.Refused), InlineData(401, SendOutcome.Refused), InlineData(404, SendOutcome.Refused), InlineData(408, SendOutcome.Refused)]
    [InlineData(409, SendOutcome.Refused), InlineData(413, SendOutcome.Refused), InlineData(421, SendOutcome.Refused), InlineData(425, SendOutcome.Refused)]
    [InlineData(410, SendOutcome.Gone), InlineData(429, SendOutcome.Throttled), InlineData(500, SendOutcome.Refused), InlineData(501, SendOutcome.Refused)]
    [InlineData(502, SendOutcome.Throttled), InlineData(503, SendOutcome.Throttled), InlineData(504, SendOutcome.Throttled)]
    [InlineData(599, SendOutcome.Refused), InlineData(999, SendOutcome.Refused), InlineData(101, SendOutcome.ProtocolError)]
    public async Task Every_status_has_its_outcome(int status, SendOutcome expected)
    {
        await using var receiver = new ScriptedReceiver(Scripts.Status(status));
        using var fixture = new SendFixture();

        var result = await fixture.SendAsync(receiver.Url);

        (result.Outcome, result.StatusCode).ShouldBe((expected, status));
        receiver.Requests.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(301), InlineData(302), InlineData(307), InlineData(308)]
    public async Task A_redirect_is_a_failure_and_is_never_followed(int status)
    {
        await using var canary = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        await using var receiver = new ScriptedReceiver(Scripts.Status(status, $"Location: {canary.Url}\r\n"));
        using var fixture = new SendFixture();

        (await fixture.SendAsync(receiver.Url)).Outcome.ShouldBe(SendOutcome.Redirect);

        receiver.Requests.Count.ShouldBe(1);
        canary.ConnectionCount.ShouldBe(0);
    }

    [Fact]
    public async Task A_cookie_is_never_sent_back()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Status(200, "Set-Cookie: tenant=1; Path=/\r\n"));
        using var fixture = new SendFixture();

        await fixture.SendAsync(receiver.Url);
        await fixture.SendAsync(receiver.Url);

        receiver.Requests.Count.ShouldBe(2);
        receiver.Requests.ShouldAllBe(r => r.Header("Cookie") == null);
    }

    [Fact]
    public async Task Requests_share_a_connection_when_the_receiver_keeps_it_open()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture();

        for (var i = 0; i < 20; i++)
            (await fixture.SendAsync(receiver.Url)).Outcome.ShouldBe(SendOutcome.Success);

        receiver.ConnectionCount.ShouldBe(1);
    }

    [Theory]
    [InlineData("120", 120)]
    [InlineData("garbage", null)]
    [InlineData("-5", null)]
    public async Task Retry_after_is_reported_with_a_failure(string value, int? seconds)
    {
        await using var receiver = new ScriptedReceiver(Scripts.Status(503, $"Retry-After: {value}\r\n"));
        using var fixture = new SendFixture();

        var result = await fixture.SendAsync(receiver.Url);

        result.RetryAfter.ShouldBe(seconds is { } s ? TimeSpan.FromSeconds(s) : null);
    }

    [Fact]
    public async Task An_attempt_that_is_given_up_is_held_against_nobody()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Once(c => c.HangAsync()));
        using var fixture = new SendFixture();
        using var stop = new CancellationTokenSource();

        var sending = fixture.SendAsync(receiver.Url, cancellationToken: stop.Token);
        await receiver.NextRequestAsync();
        await stop.CancelAsync();

        var result = await sending;
        (result.Outcome, result.Blame).ShouldBe((SendOutcome.Abandoned, Blame.Nobody));
        await receiver.AllClosedAsync();
    }

    [Fact]
    public async Task An_attempt_that_is_given_up_before_it_starts_sends_nothing()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture();

        (await fixture.SendAsync(receiver.Url, cancellationToken: new CancellationToken(true))).Outcome.ShouldBe(SendOutcome.Abandoned);
        receiver.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_sender_that_was_stopped_sends_nothing_and_still_throws_nothing()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture();
        fixture.Sender.Dispose();

        (await fixture.SendAsync(receiver.Url)).Outcome.ShouldBe(SendOutcome.Abandoned);
        receiver.ConnectionCount.ShouldBe(0);
    }

    [Fact]
    public async Task The_timestamp_follows_the_wall_clock_of_the_attempt()
    {
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(2_000_000_000));
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture(time: time);

        await fixture.SendAsync(receiver.Url);

        (await receiver.NextRequestAsync()).Header("webhook-timestamp").ShouldBe("2000000000");
    }

    public static TheoryData<string> Poison => ["no secret", "no content", "bad url", "bad header", "bad content type", "handler throws", "null secrets", "half a pair", "no time", "endless time"];

    [Theory]
    [MemberData(nameof(Poison))]
    public async Task A_request_that_cannot_be_built_is_a_result_and_not_an_exception(string kind)
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture(handler: kind == "handler throws" ? new ThrowingHandler() : null);
        var endpoint = SendFixture.Endpoint(receiver.Url);
        endpoint = kind switch
        {
            "no secret" => endpoint with { Secrets = [new EndpointSecret(SendFixture.Key, DateTimeOffset.UnixEpoch)] },
            "bad url" => endpoint with { Url = "ftp://example.com" },
            "bad header" => endpoint with { Headers = new Dictionary<string, string> { ["X-A"] = "b\r\nX-Injected: y" } },
            "no time" => endpoint with { Timeout = TimeSpan.FromSeconds(-5) },
            "endless time" => endpoint with { Timeout = TimeSpan.MaxValue },
            "half a pair" => endpoint with { Secrets = [new EndpointSecret(new byte[16], null) { Type = SignatureType.Ed25519 }] },
            "null secrets" => endpoint with { Secrets = [new EndpointSecret(null!, null)] },
            _ => endpoint,
        };
        ReadOnlyMemory<byte>? content = kind == "no content" ? default(ReadOnlyMemory<byte>?) : "{}"u8.ToArray();
        var delivery = SendFixture.Delivery(content, kind == "bad content type" ? "text/plain\r\nX-Injected: y" : "application/json");

        var result = await fixture.SendAsync(endpoint, delivery);

        (result.Outcome, result.Blame).ShouldBe((SendOutcome.RequestInvalid, Blame.Settings));
        result.Error.ShouldNotBeNullOrEmpty();
        result.Error.ShouldNotContain("whsec_");
        receiver.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task After_a_failure_the_next_attempt_works()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture();
        var prepared = fixture.Sender.Prepare(SendFixture.Endpoint(receiver.Url));

        (await fixture.Sender.SendAsync(prepared, SendFixture.Delivery(null), default)).Outcome.ShouldBe(SendOutcome.RequestInvalid);
        (await fixture.Sender.SendAsync(prepared, SendFixture.Delivery("{}"u8.ToArray()), default)).Outcome.ShouldBe(SendOutcome.Success);
    }

    private sealed class ThrowingHandler : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("whsec_secret at 10.0.0.1");
    }
}
