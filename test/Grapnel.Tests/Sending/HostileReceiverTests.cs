using System.Net;
using System.Net.Sockets;
using Grapnel.Sending;
using Grapnel.Testing;

namespace Grapnel.Tests.Sending;

/// <summary>Receivers that are slow, endless, broken or malicious: each costs one attempt, within its limits of time and memory.</summary>
public sealed class HostileReceiverTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    // Far above the limit, because the machine may be busy; far below what a receiver that is waited for would take.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Drop = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task Headers_that_drip_end_at_the_deadline_and_the_connection_is_closed()
    {
        var endless = "HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Repeat("X-Slow: 1\r\n", 10_000));
        await using var receiver = new ScriptedReceiver(Scripts.Once(c => c.DripAsync(endless, Drop)));
        using var fixture = new SendFixture(Limit);

        var result = await fixture.SendAsync(receiver.Url);

        result.Outcome.ShouldBe(SendOutcome.Timeout);
        result.Error.ShouldBe("No answer within 1 s.");
        result.Duration.ShouldBeInRange(Limit * 0.9, Patience);
        await receiver.AllClosedAsync();
    }

    [Fact]
    public async Task A_receiver_that_never_answers_ends_at_the_deadline_of_its_endpoint()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Once(c => c.HangAsync()));
        using var fixture = new SendFixture(TimeSpan.FromSeconds(60));
        var endpoint = SendFixture.Endpoint(receiver.Url) with { Timeout = Limit };

        var result = await fixture.SendAsync(endpoint, SendFixture.Delivery("{}"u8.ToArray()));

        result.Outcome.ShouldBe(SendOutcome.Timeout);
        result.Duration.ShouldBeInRange(Limit * 0.9, Patience);
        await receiver.AllClosedAsync();
    }

    [Theory]
    [InlineData(200, SendOutcome.Success)]
    [InlineData(500, SendOutcome.Refused)]
    public async Task A_body_that_drips_ends_at_the_deadline_and_the_status_counts(int status, SendOutcome expected)
    {
        await using var receiver = new ScriptedReceiver(Scripts.Once(async c =>
        {
            await c.WriteAsync($"HTTP/1.1 {status} OK\r\nContent-Length: 1000000\r\n\r\n");
            await c.DripAsync(new string('x', 10_000), Drop);
        }));
        using var fixture = new SendFixture(Limit);

        var result = await fixture.SendAsync(receiver.Url);

        (result.Outcome, result.StatusCode).ShouldBe((expected, status));
        result.ResponseBody.Length.ShouldBeInRange(1, 500);
        result.Duration.ShouldBeInRange(Limit * 0.9, Patience);
        await receiver.AllClosedAsync();
    }

    [Theory]
    [InlineData("Content-Length: 9999999999999\r\n\r\n")]
    [InlineData("Connection: close\r\n\r\n")]
    public async Task An_endless_body_is_read_up_to_the_limit_and_dropped(string headers)
    {
        const int Cap = 10_000;
        ReceiverConnection? connection = null;
        await using var receiver = new ScriptedReceiver(Scripts.Once(async c =>
        {
            connection = c;
            await c.WriteAsync("HTTP/1.1 200 OK\r\n" + headers);
            while (true)
                await c.WriteAsync(new byte[8192]);
        }));
        using var fixture = new SendFixture(maxResponseBytes: Cap);

        var result = await fixture.SendAsync(receiver.Url);

        result.Outcome.ShouldBe(SendOutcome.Success);
        result.ResponseBody.Length.ShouldBe(Cap);
        result.Duration.ShouldBeLessThan(Patience);
        await receiver.AllClosedAsync();
        // What the receiver could write beyond the limit is what the buffers of two sockets hold.
        connection!.Written.ShouldBeLessThan(20_000_000);
    }

    [Fact]
    public async Task An_endless_chunked_body_is_read_up_to_the_limit_and_dropped()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Once(async c =>
        {
            await c.WriteAsync("HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\nRetry-After: 7\r\n\r\n");
            while (true)
                await c.WriteAsync("4\r\nabcd\r\n");
        }));
        using var fixture = new SendFixture(maxResponseBytes: 1001);

        var result = await fixture.SendAsync(receiver.Url);

        result.Outcome.ShouldBe(SendOutcome.Throttled);
        result.RetryAfter.ShouldBe(TimeSpan.FromSeconds(7));
        result.ResponseBody.Length.ShouldBe(1001);
        await receiver.AllClosedAsync();
    }

    [Fact]
    public async Task A_response_is_not_read_when_nothing_of_it_is_kept()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture(maxResponseBytes: 0);

        var result = await fixture.SendAsync(receiver.Url);
        await fixture.SendAsync(receiver.Url);

        (result.Outcome, result.ResponseBody.Length).ShouldBe((SendOutcome.Success, 0));
        receiver.ConnectionCount.ShouldBe(1);
    }

    [Fact]
    public async Task What_is_missing_of_a_body_beyond_the_limit_is_not_waited_for()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Once(async c =>
        {
            await c.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + new string('x', 100));
            await c.HangAsync();
        }));
        using var fixture = new SendFixture(maxResponseBytes: 100);

        (await fixture.SendAsync(receiver.Url)).ResponseBody.Length.ShouldBe(100);

        var start = TimeProvider.System.GetTimestamp();
        await receiver.AllClosedAsync();
        TimeProvider.System.GetElapsedTime(start).ShouldBeLessThan(TimeSpan.FromSeconds(1.5));
    }

    [Fact]
    public async Task A_compressed_answer_is_kept_as_it_came()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\u001f\u008b\u0008\u0000"));
        using var fixture = new SendFixture();

        var result = await fixture.SendAsync(receiver.Url);

        result.ResponseBody.ToArray().ShouldBe([0x1f, 0x8b, 0x08, 0x00]);
        (await receiver.NextRequestAsync()).Header("Accept-Encoding").ShouldBeNull();
    }

    public static TheoryData<string, string> Nonsense => new()
    {
        { "one header of 1 MB", $"HTTP/1.1 200 OK\r\nX-Long: {new string('a', 1 << 20)}\r\nContent-Length: 0\r\n\r\n" },
        { "ten thousand headers", $"HTTP/1.1 200 OK\r\n{string.Concat(Enumerable.Repeat("X-Many: 12345\r\n", 10_000))}\r\n" },
        { "an invalid status line", "HTTP/1.1 OK 200\r\n\r\n" },
        { "an unknown version", "HTTP/7.3 200 OK\r\n\r\n" },
        { "HTTP/0.9", "<html>hello</html>\r\n" },
        { "another protocol", "SSH-2.0-OpenSSH_9.6\r\n" },
        { "a header without a name", "HTTP/1.1 200 OK\r\n: x\r\n\r\n" },
        { "a header name with a space", "HTTP/1.1 200 OK\r\nX Y: 1\r\n\r\n" },
    };

    [Theory]
    [MemberData(nameof(Nonsense))]
    public async Task An_answer_that_is_not_HTTP_is_a_failure_of_its_own_and_the_connection_is_not_used_again(string what, string raw)
    {
        await using var receiver = new ScriptedReceiver(Scripts.Once(async c =>
        {
            await c.WriteAsync(raw);
            await c.HangAsync();
        }));
        using var fixture = new SendFixture();

        var first = await fixture.SendAsync(receiver.Url);
        var second = await fixture.SendAsync(receiver.Url);

        first.Outcome.ShouldBe(SendOutcome.ProtocolError, what);
        first.Error.ShouldNotBeNull();
        second.Outcome.ShouldBe(SendOutcome.ProtocolError, what);
        receiver.ConnectionCount.ShouldBe(2);
    }

    [Theory]
    [InlineData(200, SendOutcome.Success)]
    [InlineData(404, SendOutcome.Refused)]
    public async Task Wrong_chunking_after_a_status_changes_nothing_about_the_status(int status, SendOutcome expected)
    {
        await using var receiver = new ScriptedReceiver(Scripts.Once($"HTTP/1.1 {status} X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcZZ\r\nnonsense"));
        using var fixture = new SendFixture();

        (await fixture.SendAsync(receiver.Url)).Outcome.ShouldBe(expected);
        (await fixture.SendAsync(receiver.Url)).Outcome.ShouldBe(expected);
        receiver.ConnectionCount.ShouldBe(2);
    }

    [Theory]
    [InlineData(200, SendOutcome.Success)]
    [InlineData(410, SendOutcome.Gone)]
    [InlineData(429, SendOutcome.Throttled)]
    public async Task A_reset_after_the_status_changes_nothing_about_the_status(int status, SendOutcome expected)
    {
        await using var receiver = new ScriptedReceiver(Scripts.Once(async c =>
        {
            await c.WriteAsync($"HTTP/1.1 {status} X\r\nContent-Length: 100\r\n\r\nhalf");
            c.Reset();
        }));
        using var fixture = new SendFixture();

        var result = await fixture.SendAsync(receiver.Url);

        result.Outcome.ShouldBe(expected);
        result.ResponseBody.Length.ShouldBeLessThanOrEqualTo(4);
    }

    [Fact]
    public async Task A_connection_that_breaks_before_the_status_leaves_the_outcome_unknown()
    {
        using var fixture = new SendFixture();
        Func<ReceiverConnection, Task>[] scripts =
        [
            Scripts.Once(c => { c.Reset(); return Task.CompletedTask; }),
            Scripts.Once(""),
            Scripts.Once("HTTP/1.1 200"),
            Scripts.Once("HTTP/1.1 200 OK\r\nContent-"),
        ];
        foreach (var script in scripts)
        {
            await using var receiver = new ScriptedReceiver(script);
            var result = await fixture.SendAsync(receiver.Url);
            result.Outcome.ShouldBe(SendOutcome.ConnectionLost);
            result.Error.ShouldNotBeNull();
            receiver.Requests.Count.ShouldBe(1);
        }
    }

    [Fact]
    public async Task A_closed_port_is_a_failure_to_connect()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Dispose();
        using var fixture = new SendFixture();

        var result = await fixture.SendAsync($"http://127.0.0.1:{port}/");

        (result.Outcome, result.Error).ShouldBe((SendOutcome.ConnectFailed, "The connection was refused."));
    }

    [Fact]
    public async Task A_connection_that_cannot_be_made_in_time_is_a_failure_of_its_own()
    {
        using var fixture = new SendFixture(connectTimeout: Limit, resolve: async (_, cancellationToken) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return [];
        });

        var result = await fixture.SendAsync("http://slow.example/");

        result.Outcome.ShouldBe(SendOutcome.ConnectTimeout);
        result.Duration.ShouldBeInRange(Limit * 0.9, Patience);
    }

    [Fact]
    public async Task Endless_interim_answers_are_cut_off_like_endless_headers()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Once(async c =>
        {
            while (true)
                await c.WriteAsync("HTTP/1.1 103 Early Hints\r\n\r\n");
        }));
        using var fixture = new SendFixture();

        (await fixture.SendAsync(receiver.Url)).Outcome.ShouldBe(SendOutcome.ProtocolError);
        await receiver.AllClosedAsync();
    }
}
