using System.Net.Sockets;
using System.Text;
using Grapnel.Server.Inboxes;
using Grapnel.Server.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Time.Testing;

namespace Grapnel.Server.Tests.Inboxes;

public sealed class InboxCatchTests(InboxFixture fixture) : InboxTest(fixture)
{
    [Fact]
    public async Task Any_method_on_the_url_and_below_is_caught_without_a_key()
    {
        var inbox = await NewInboxAsync();
        foreach (var (method, below) in new[] { ("GET", ""), ("PUT", "/a/b"), ("DELETE", "/?x=1"), ("PURGE", "/%C3%BC/%3Cb%3E?q=%00") })
            (await Server.Stranger.SendAsync(new HttpMethod(method), PathOf(inbox) + below)).Status.ShouldBe(200);

        (await Inboxes.ReadAsync(inbox.Id, Cancel)).Reverse().Select(request => (request.Method, request.Target[PathOf(inbox).Length..])).ShouldBe(
            [("GET", ""), ("PUT", "/a/b"), ("DELETE", "/?x=1"), ("PURGE", "/%C3%BC/%3Cb%3E?q=%00")]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_is_cut_off_at_the_limit_and_its_length_is_kept(bool chunked)
    {
        var inbox = await NewInboxAsync();
        var body = Enumerable.Range(0, 100_000).Select(i => (byte)i).ToArray();

        (await Server.Stranger.SendAsync(HttpMethod.Post, PathOf(inbox), body, chunked: chunked)).Status.ShouldBe(200);

        var caught = (await Inboxes.ReadAsync(inbox.Id, Cancel)).Single();
        caught.Body.ShouldBe(body[..1024]);
        caught.BodyLength.ShouldBe(100_000);
    }

    [Fact]
    public async Task Hostile_headers_and_bodies_are_kept_as_they_are_and_nothing_of_them_is_answered()
    {
        var inbox = await NewInboxAsync();
        await Inboxes.SetAnswerAsync(inbox.Id, new InboxAnswer(404, TimeSpan.Zero, 0), Cancel);
        const string script = "<script>alert('marker')</script>'; DROP TABLE inbox; --";

        var reply = await Server.Stranger.SendAsync(HttpMethod.Post, PathOf(inbox) + "/marker?marker", Encoding.UTF8.GetBytes(script), "text/html", headers:
            [("X-Evil", script), ("Authorization", "Bearer marker"), ("webhook-id", "marker"), ("Idempotency-Key", "marker")]);

        (reply.Status, reply.ContentType, reply.Text).ShouldBe((404, "text/plain", "404 Not Found\n"));
        reply.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        var caught = (await Inboxes.ReadAsync(inbox.Id, Cancel)).Single();
        var headers = caught.Headers.Chunk(2).Select(pair => (pair[0], pair[1])).ToList();
        headers.ShouldContain(("X-Evil", script));
        headers.ShouldContain(("Authorization", "Bearer marker"));
        Encoding.UTF8.GetString(caught.Body).ShouldBe(script);
        caught.MessageId.ShouldBe("marker");
    }

    [Fact]
    public async Task Headers_that_came_twice_or_beyond_ascii_are_kept_one_by_one()
    {
        var inbox = await NewInboxAsync();
        using var socket = new TcpClient();
        await socket.ConnectAsync(Server.Address.Host, Server.Address.Port, Cancel);
        var stream = socket.GetStream();

        await stream.WriteAsync(Encoding.UTF8.GetBytes($"GET {PathOf(inbox)} HTTP/1.1\r\nHost: x\r\nx-twice: 1, 2\r\nX-Twice: \u00fc\u4f60\r\nwebhook-id: a\r\nwebhook-id: b\r\n\r\n"), Cancel);

        using var reader = new StreamReader(stream);
        (await reader.ReadLineAsync(Cancel)).ShouldBe("HTTP/1.1 200 OK");
        var caught = (await Inboxes.ReadAsync(inbox.Id, Cancel)).Single();
        caught.Headers.Chunk(2).Where(pair => pair[0].Equals("x-twice", StringComparison.OrdinalIgnoreCase)).Select(pair => pair[1]).ShouldBe(["1, 2", "\u00fc\u4f60"]);
        caught.MessageId.ShouldBeNull("of two ids neither is the one");
    }

    [Theory]
    [InlineData("inbox_0000000000000000000000")]
    [InlineData("nonsense-marker")]
    public async Task An_inbox_that_is_not_there_answers_404_and_repeats_nothing(string id)
    {
        var reply = await Server.Stranger.PostJsonAsync($"/inbox/{id}/marker?marker", "marker");

        (reply.Status, reply["code"].GetString()).ShouldBe((404, "not_found"));
        reply.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        reply.Text.ShouldNotContain("marker");
    }

    [Fact]
    public async Task An_inbox_does_not_answer_where_inboxes_are_off()
    {
        await using var server = await TestServer.StartAsync();
        var inbox = new Inbox { Id = server.Get<IdGenerator>().Next<Inbox>(), ApplicationId = default, CreatedAt = default };
        await server.Get<Storage.IConsoleStore>().AddInboxAsync(inbox, Cancel);

        (await server.Stranger.PostJsonAsync(PathOf(inbox), "{}")).Status.ShouldBe(404);

        (await server.Get<InboxRegistry>().ReadAsync(inbox.Id, Cancel)).ShouldBeEmpty();
        var refused = await Should.ThrowAsync<InvalidRequestException>(() => server.Get<InboxRegistry>().CreateAsync(default, server.Address, null, Cancel));
        refused.Message.ShouldContain("Inbox:Enabled");
    }

    [Fact]
    public async Task What_comes_too_fast_is_refused_and_not_kept()
    {
        var inbox = await NewInboxAsync();
        var (kept, refused) = (0, 0);
        Inboxes.Caught += id => Interlocked.Add(ref kept, id == inbox.Id ? 1 : 0);
        for (var i = 0; i < 20 && refused == 0; i++)
        {
            // As fast as they come: all at once, beyond what may be inside.
            var replies = await Task.WhenAll(Enumerable.Range(0, 2 * InboxDoor.MaxInside).Select(_ => Server.Stranger.PostJsonAsync(PathOf(inbox), "{}")));
            replies.ShouldAllBe(reply => reply.Status == 200 || reply.Status == 429);
            refused += replies.Count(reply => reply.Status == 429 && reply.Headers.RetryAfter!.Delta == TimeSpan.FromSeconds(1));
        }

        refused.ShouldBeGreaterThan(0);
        kept.ShouldBeGreaterThan(0);
        (await Inboxes.ReadAsync(inbox.Id, Cancel)).Count.ShouldBe(5, "an inbox keeps its newest requests only");
    }

    [Fact]
    public async Task A_slow_inbox_has_kept_the_request_before_it_answers_and_answers_after_its_delay()
    {
        var time = new WatchedTime(TimeSpan.FromSeconds(12));
        await using var server = await TestServer.StartAsync(
            new Dictionary<string, string?> { ["Inbox:Enabled"] = "true" }, services => services.Replace(ServiceDescriptor.Singleton<TimeProvider>(time)));
        var inboxes = server.Get<InboxRegistry>();
        var application = await server.Get<Registry.ApplicationRegistry>().GetAsync(Application.DefaultUid, Cancel);
        var inbox = await inboxes.CreateAsync(application.Id, server.Address, null, Cancel);
        await inboxes.SetAnswerAsync(inbox.Id, new InboxAnswer(503, time.Awaited, 0), Cancel);

        var answer = server.Stranger.PostJsonAsync(PathOf(inbox), "{}");
        await time.Started.WaitAsync(TimeSpan.FromSeconds(20), Cancel);

        (await inboxes.ReadAsync(inbox.Id, Cancel)).ShouldHaveSingleItem().AnsweredStatus.ShouldBe(503);
        answer.IsCompleted.ShouldBeFalse();
        time.Advance(time.Awaited);
        (await answer).Status.ShouldBe(503);
    }

    [Fact]
    public async Task A_body_that_does_not_end_is_given_up()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await using var server = await TestServer.StartAsync(
            new Dictionary<string, string?> { ["Inbox:Enabled"] = "true" }, services => services.Replace(ServiceDescriptor.Singleton<TimeProvider>(time)));
        var application = await server.Get<Registry.ApplicationRegistry>().GetAsync(Application.DefaultUid, Cancel);
        var inbox = await server.Get<InboxRegistry>().CreateAsync(application.Id, server.Address, null, Cancel);
        using var socket = new TcpClient();
        await socket.ConnectAsync(server.Address.Host, server.Address.Port, Cancel);
        var stream = socket.GetStream();

        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST {PathOf(inbox)} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf"), Cancel);
        using var reader = new StreamReader(stream);
        var answer = reader.ReadToEndAsync(Cancel);
        // When the server begins to read is not told; time goes on until it has, and has given up.
        while (await Task.WhenAny(answer, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Cancel)) != answer)
            time.Advance(InboxCatcher.ReadLimit);

        // In the words of the inbox: the web server has a limit of its own.
        (await answer).ShouldMatch("(?s)^HTTP/1.1 408 .*\\n408 Request Timeout\\n");
        (await server.Get<InboxRegistry>().ReadAsync(inbox.Id, Cancel)).ShouldBeEmpty();
    }

    /// <summary>Tells when a timer of a certain length was started.</summary>
    private sealed class WatchedTime(TimeSpan awaited) : FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero))
    {
        private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TimeSpan Awaited => awaited;

        public Task Started => _started.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            if (dueTime == awaited)
                _started.TrySetResult();
            return timer;
        }
    }
}
