using System.Net;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Grapnel.Server.Inboxes;
using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;
using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Deploy;

/// <summary>What goes through <c>deploy/nginx.conf</c> to two nodes.</summary>
public sealed class NginxTests(NginxFixture fixture) : IClassFixture<NginxFixture>
{
    private static readonly byte[] NoBody = "{}"u8.ToArray();

    private HttpClient Client => fixture.Client;

    [Fact]
    public async Task An_event_is_published_delivered_read_and_replayed()
    {
        await using var receiver = await Receiver.StartAsync();
        var (app, type) = await NewApplicationAsync();
        var endpoint = await CreateEndpointAsync(app, receiver.Url("/shop"));

        var message = await PublishAsync(app, type);
        await receiver.WaitForAsync(1);
        await Eventually.IsTrueAsync("the attempt can be read",
            async () => (await Client.GetJsonAsync($"{app}/attempt/endpoint/{endpoint}"))["data"].EnumerateArray().Any(attempt => attempt.GetProperty("msgId").GetString() == message));
        var since = TimeProvider.System.GetUtcNow().AddHours(-1);
        (await Client.PostJsonAsync($"{app}/endpoint/{endpoint}/bulk-replay", $$"""{"since":"{{since:O}}"}""")).Status.ShouldBe(202);

        await receiver.WaitForAsync(2);
        receiver.Arrivals.ShouldAllBe(arrival => arrival.Id == message);
    }

    [Fact]
    public async Task Attempts_arrive_one_by_one_while_their_stream_is_open()
    {
        await using var receiver = await Receiver.StartAsync();
        var (app, type) = await NewApplicationAsync();
        await CreateEndpointAsync(app, receiver.Url());
        // A node tells of its own attempts only, and nginx sends the two requests to one node each.
        var told = Channel.CreateUnbounded<string>();
        using var tails = new CancellationTokenSource();
        var (first, second) = (await FollowAsync(app, told.Writer, tails.Token), await FollowAsync(app, told.Writer, tails.Token));

        for (var i = 0; i < 3; i++)
        {
            var message = await PublishAsync(app, type);
            (await told.Reader.ReadAsync().AsTask().WaitAsync(Eventually.Limit)).ShouldContain(message);
        }

        (first.IsCompleted || second.IsCompleted).ShouldBeFalse();
        await tails.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => Task.WhenAll(first, second));
    }

    [Fact]
    public async Task Each_line_of_a_stream_of_messages_is_answered_before_the_next_one_is_sent()
    {
        var (app, type) = await NewApplicationAsync();
        var conversation = new Conversation();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{app}/msg/batch?results=all") { Content = conversation, Version = Client.DefaultRequestVersion, VersionPolicy = Client.DefaultVersionPolicy };
        var answer = Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        await conversation.SayAsync($$"""{"eventType":"{{type}}","payload":{"line":1} }""");
        using var response = await answer;
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        (await ReadAsync(lines, "")).ShouldContain("\"line\":1");
        for (var i = 2; i <= 4; i++)
        {
            await conversation.SayAsync($$"""{"eventType":"{{type}}","payload":{"line":{{i}} } }""");
            (await ReadAsync(lines, "")).ShouldContain($"\"line\":{i}");
        }
        conversation.End();

        (await ReadAsync(lines, "")).ShouldContain("\"done\":true,\"accepted\":4");
    }

    [Fact]
    public async Task A_person_signs_in_to_the_console_which_speaks_by_a_web_socket()
    {
        await using var visit = await Visit.OpenAsync(fixture.Nginx.Address, 1440, "light");
        var sockets = new List<string>();
        visit.Page.WebSocket += (_, socket) => sockets.Add(socket.Url);
        await visit.Page.GotoAsync("/sign-in");
        await visit.Page.GetByLabel("Name or e-mail address").FillAsync(ConsoleServer.Administrator);
        await visit.Page.GetByLabel("Password").FillAsync(ConsoleServer.Password);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await visit.Page.UntilReadyAsync();
        await visit.Page.OpenAsync("/settings/nodes");

        sockets.ShouldAllBe(url => url.StartsWith($"wss://{fixture.Nginx.Address.Authority}/_blazor"));
        sockets.ShouldNotBeEmpty();
        var cookies = await visit.Page.Context.CookiesAsync();
        cookies.ShouldContain(cookie => cookie.Name == "grapnel");
        cookies.ShouldAllBe(cookie => cookie.Secure);
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task Links_lead_to_the_address_that_people_see_whatever_the_client_claims()
    {
        var here = fixture.Nginx.Address.ToString();

        var access = await Client.SendAsync(HttpMethod.Post, "/api/v1/auth/app-portal-access/default", NoBody, headers:
            [("X-Forwarded-Proto", "http"), ("X-Forwarded-Host", "forged.example"), ("X-Forwarded-For", "203.0.113.7")]);
        var document = await Client.GetJsonAsync("/api/v1/openapi.json");

        access["url"].GetString()!.ShouldStartWith(here);
        document["servers"][0].GetProperty("url").GetString()!.ShouldStartWith(here.TrimEnd('/'));
    }

    [Fact]
    public async Task Whoever_comes_without_TLS_is_sent_to_TLS_and_told_to_stay_there()
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });

        var plain = await http.GetAsync(new Uri(fixture.Nginx.Plain, "/setup?code=1"));
        var reply = await Client.GetAsync("/health/ready");

        (plain.StatusCode, plain.Headers.Location!.ToString()).ShouldBe((HttpStatusCode.PermanentRedirect, "https://127.0.0.1/setup?code=1"));
        reply.StatusCode.ShouldBe(HttpStatusCode.OK);
        reply.Headers.GetValues("Strict-Transport-Security").Single().ShouldStartWith("max-age=");
        reply.Headers.GetValues("X-Request-Id").Single().Length.ShouldBe(32);
        (await Client.GetAsync("/metrics")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_answered_413_by_nginx_and_just_below_it_by_the_node_both_as_the_API_does()
    {
        const int limit = 2112 * 1024;
        var (app, _) = await NewApplicationAsync();

        var over = await Client.SendAsync(HttpMethod.Post, $"{app}/msg", new byte[limit + 1]);
        var below = await Client.SendAsync(HttpMethod.Post, $"{app}/msg", Encoding.UTF8.GetBytes(
            $$"""{"eventType":"x","payload":{"text":"{{new string('x', (1 << 20) + 100)}}"} }"""));
        var batch = await Client.SendAsync(HttpMethod.Post, $"{app}/msg/batch", Encoding.UTF8.GetBytes($"[{new string(' ', limit)}]"));

        foreach (var reply in new[] { over, below })
            (reply.Status, reply.ContentType, reply["code"].GetString()).ShouldBe((413, "application/json", "payload_too_large"));
        below.Text.ShouldContain("1048576");
        batch.Status.ShouldNotBe(413);
    }

    [Theory]
    [InlineData("br", "br")]
    [InlineData("gzip, deflate, br, zstd", "br")]
    [InlineData("gzip", "gzip")]
    [InlineData("identity", null)]
    public async Task Scripts_and_styles_come_compressed_and_are_asked_of_a_node_once(string accepted, string? encoding)
    {
        using var stranger = fixture.Nginx.CreateClient(key: null);
        var page = await stranger.GetStringAsync("/sign-in");
        var path = System.Text.RegularExpressions.Regex.Match(page, "/assets/mudblazor\\.css\\?v=\\w+").Value;

        for (var i = 0; i < 2; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Version = stranger.DefaultRequestVersion, VersionPolicy = stranger.DefaultVersionPolicy };
            request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
            using var response = await stranger.SendAsync(request);
            response.Content.Headers.ContentEncoding.SingleOrDefault().ShouldBe(encoding);
            response.Headers.CacheControl!.ToString().ShouldContain("immutable");
        }

        await Eventually.IsTrueAsync("the log says that nginx answered by itself", () => fixture.Nginx.AccessLog
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Any(entry => entry.GetProperty("path").GetString() == "/assets/mudblazor.css" && entry.GetProperty("node").GetString() == ""));
    }

    [Fact]
    public async Task The_log_tells_client_and_node_of_a_request_and_no_secret_of_its_address()
    {
        (await Client.GetAsync("/api/v1/event-type?secret=in-the-address")).StatusCode.ShouldBe(HttpStatusCode.OK);

        await Eventually.IsTrueAsync("it is logged", () => fixture.Nginx.AccessLog.Any(line => line.Contains("/api/v1/event-type")));
        var line = fixture.Nginx.AccessLog.First(line => line.Contains("/api/v1/event-type"));
        JsonDocument.Parse(line).RootElement.GetProperty("node").GetString()!.ShouldStartWith("127.0.0.1:");
        line.ShouldNotContain("in-the-address");
    }

    [Fact]
    public async Task When_a_node_is_killed_no_request_that_follows_fails()
    {
        var (app, type) = await NewApplicationAsync();
        var third = await fixture.Cluster.AddAsync();
        await using var nginx = await NginxServer.StartAsync(fixture.Certificates, fixture.Cluster[0].Client.BaseAddress!, third.Client.BaseAddress!);
        using var client = nginx.CreateClient(ServerProcess.Key);
        for (var i = 0; i < 4; i++)
            await PublishAsync(app, type, client);
        nginx.AccessLog.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("node").GetString()).Distinct().Count().ShouldBe(2);

        await third.Server.KillAsync();

        for (var i = 0; i < 20; i++)
        {
            await PublishAsync(app, type, client);
            (await client.GetJsonAsync("/api/v1/event-type")).Status.ShouldBe(200);
            (await client.GetAsync("/sign-in")).StatusCode.ShouldBe(HttpStatusCode.OK);
        }
    }

    [Fact]
    public async Task What_a_node_may_have_done_before_it_went_away_is_not_asked_of_the_other_one()
    {
        await using var first = new SilentNode();
        await using var second = new SilentNode();
        await using var nginx = await NginxServer.StartAsync(fixture.Certificates, first.Address, second.Address);
        using var client = nginx.CreateClient(ServerProcess.Key);

        var post = await client.PostJsonAsync("/api/v1/app/default/msg", "{}");
        var postsTaken = first.Taken + second.Taken;
        var get = await client.GetJsonAsync("/api/v1/app");

        (post.Status, post["code"].GetString(), postsTaken).ShouldBe((502, "unavailable", 1));
        get.Status.ShouldBe(502);
    }

    [Fact]
    public async Task A_503_that_a_node_answers_is_passed_on_as_it_is_and_takes_no_node_out()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Inbox:Enabled"] = "true" });
        await using var nginx = await NginxServer.StartAsync(fixture.Certificates, server.Address, server.Address);
        using var client = nginx.CreateClient(TestServer.Key);
        (await client.PostJsonAsync("/api/v1/event-type", """{"name":"a.type","description":"A test"}""")).Status.ShouldBe(201);
        var inboxes = server.Get<InboxRegistry>();
        var inbox = await inboxes.CreateAsync(default, server.Address, endpoint: null, CancellationToken.None);
        await inboxes.SetAnswerAsync(inbox.Id, new InboxAnswer(503, TimeSpan.Zero, 0), CancellationToken.None);

        for (var i = 0; i < 4; i++)
        {
            var reply = await client.GetJsonAsync($"{InboxAddress.Path}{inbox.Id}");
            (reply.Status, reply.Text).ShouldBe((503, "503 Service Unavailable\n"));
            await PublishAsync("/api/v1/app/default", "a.type", client);
        }

        (await inboxes.ReadAsync(inbox.Id, CancellationToken.None)).Count.ShouldBe(4);
    }

    [Fact]
    public async Task Pages_of_a_node_that_asks_for_https_itself_ask_for_it_once()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Api:PublicUrl"] = "https://webhooks.example.com" });
        await using var nginx = await NginxServer.StartAsync(fixture.Certificates, server.Address, server.Address);
        using var client = nginx.CreateClient(key: null);

        using var page = await client.GetAsync("/sign-in");

        page.Headers.GetValues("Strict-Transport-Security").ShouldHaveSingleItem();
    }

    private async Task<(string App, string EventType)> NewApplicationAsync()
    {
        var type = $"type.{Guid.NewGuid():N}";
        (await Client.PostJsonAsync("/api/v1/event-type", $$"""{"name":"{{type}}","description":"A test"}""")).Status.ShouldBe(201);
        var made = await Client.PostJsonAsync("/api/v1/app", """{"name":"A test"}""");
        made.Status.ShouldBe(201, made.Text);
        return ($"/api/v1/app/{made.Id}", type);
    }

    private async Task<string> CreateEndpointAsync(string app, string url)
    {
        var made = await Client.PostJsonAsync($"{app}/endpoint", $$"""{"url":"{{url}}"}""");
        made.Status.ShouldBe(201, made.Text);
        return made.Id;
    }

    private async Task<string> PublishAsync(string app, string type, HttpClient? client = null)
    {
        var published = await (client ?? Client).PostJsonAsync($"{app}/msg", $$"""{"eventType":"{{type}}","payload":{"a":1} }""");
        published.Status.ShouldBe(202, published.Text);
        return published.Id;
    }

    /// <summary>Opens a stream of attempts and hands on what it tells, in the task that it returns.</summary>
    private async Task<Task> FollowAsync(string app, ChannelWriter<string> told, CancellationToken cancellationToken)
    {
        var response = await Client.GetAsync($"{app}/tail", HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        await ReadAsync(lines, ": connected");
        return RelayAsync();

        async Task RelayAsync()
        {
            using (response)
            using (lines)
                while (await lines.ReadLineAsync(cancellationToken) is { } line)
                    if (line.StartsWith("data:", StringComparison.Ordinal))
                        await told.WriteAsync(line, cancellationToken);
        }
    }

    /// <summary>The next line that starts so, and has something in it.</summary>
    private static async Task<string> ReadAsync(StreamReader lines, string start)
    {
        while (await lines.ReadLineAsync().WaitAsync(Eventually.Limit) is { } line)
            if (line.Length > 0 && line.StartsWith(start, StringComparison.Ordinal))
                return line;
        throw new EndOfStreamException($"No line began with '{start}'.");
    }
}
