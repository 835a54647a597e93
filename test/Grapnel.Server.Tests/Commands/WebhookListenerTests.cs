using System.Net;
using System.Text;
using System.Threading.Channels;
using Grapnel.Sending.Signing;
using Grapnel.Server.Commands.Listening;

namespace Grapnel.Server.Tests.Commands;

public sealed class WebhookListenerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Channel<ReceivedWebhook> _received = Channel.CreateUnbounded<ReceivedWebhook>();
    private readonly HttpClient _http = new();

    [Fact]
    public async Task A_webhook_is_answered_with_200_and_reported_with_its_id_type_and_body()
    {
        await using var listener = await StartAsync(new ListenerRule());

        var answer = await PostAsync(listener, "/orders", """{"type":"order.created","data":{}}""", id: "msg_1");

        answer.ShouldBe(HttpStatusCode.OK);
        var webhook = await NextAsync();
        (webhook.Method, webhook.Path, webhook.Id, webhook.EventType, webhook.Attempt, webhook.Status)
            .ShouldBe(("POST", "/orders", "msg_1", "order.created", 1, 200));
        webhook.Body.ShouldBe("""{"type":"order.created","data":{}}""");
        webhook.Signature.ShouldBe(SignatureState.NotChecked);
    }

    [Fact]
    public async Task The_first_attempts_of_each_message_fail_and_the_next_succeeds()
    {
        await using var listener = await StartAsync(new ListenerRule { FailFirst = 2 });

        var statuses = new List<(string Id, HttpStatusCode Status)>();
        foreach (var id in new[] { "msg_a", "msg_a", "msg_b", "msg_a" })
            statuses.Add((id, await PostAsync(listener, "/", "{}", id)));

        statuses.ShouldBe(
        [
            ("msg_a", HttpStatusCode.ServiceUnavailable), ("msg_a", HttpStatusCode.ServiceUnavailable),
            ("msg_b", HttpStatusCode.ServiceUnavailable), ("msg_a", HttpStatusCode.OK),
        ]);
    }

    [Fact]
    public async Task A_failing_status_is_what_failed_attempts_get()
    {
        await using var listener = await StartAsync(new ListenerRule { FailFirst = 1, Status = 500 });

        (await PostAsync(listener, "/", "{}", "msg_a")).ShouldBe(HttpStatusCode.InternalServerError);
    }

    [Fact]
    public async Task Attempts_are_counted_per_path_because_one_message_may_go_to_several_endpoints()
    {
        await using var listener = await StartAsync(new ListenerRule());

        await PostAsync(listener, "/a", "{}", "msg_1");
        await PostAsync(listener, "/b", "{}", "msg_1");

        (await NextAsync()).Attempt.ShouldBe(1);
        (await NextAsync()).Attempt.ShouldBe(1);
    }

    [Fact]
    public async Task A_path_can_have_its_own_answer()
    {
        await using var listener = await StartAsync(new ListenerOptions
        {
            PathRules = new Dictionary<string, ListenerRule> { ["/broken"] = new() { Status = 500 } },
        });

        (await PostAsync(listener, "/broken", "{}")).ShouldBe(HttpStatusCode.InternalServerError);
        (await PostAsync(listener, "/other", "{}")).ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(SignatureType.Hmac256, true, "Verified")]
    [InlineData(SignatureType.Hmac256, false, "NotVerified")]
    [InlineData(SignatureType.Ed25519, true, "Verified")]
    [InlineData(SignatureType.Ed25519, false, "NotVerified")]
    public async Task A_signature_verifies_only_over_the_body_that_was_signed(SignatureType type, bool intact, string expected)
    {
        var secret = WebhookSecret.Generate(type);
        await using var listener = await StartAsync(new ListenerOptions { Secret = ReceiverKey.Of(secret) });
        using var request = Signed(listener, secret, signedBody: "{}", sentBody: intact ? "{}" : "{ }");

        await _http.SendAsync(request);

        (await NextAsync()).Signature.ToString().ShouldBe(expected);
    }

    [Fact]
    public async Task An_unsigned_webhook_is_not_verified()
    {
        await using var listener = await StartAsync(new ListenerOptions { Secret = ReceiverKey.Of(WebhookSecret.Generate()) });

        await PostAsync(listener, "/", "{}", "msg_1");

        (await NextAsync()).Signature.ShouldBe(SignatureState.NotVerified);
    }

    [Fact]
    public async Task A_body_above_one_mebibyte_is_refused_with_413()
    {
        await using var listener = await StartAsync(new ListenerRule());

        (await PostAsync(listener, "/", new string('x', (1 << 20) + 1))).ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        (await PostAsync(listener, "/", new string('x', 1 << 20))).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_page_of_the_last_webhooks_escapes_what_came_from_outside_and_shows_twenty()
    {
        await using var listener = await StartAsync(new ListenerRule());
        for (var i = 0; i < 21; i++)
            await PostAsync(listener, "/page", $"<script>alert({i})</script>", $"msg_{i}");

        var page = await _http.GetStringAsync(listener.Url);

        page.ShouldNotContain("<script>");
        page.ShouldContain("&lt;script&gt;alert(20)&lt;/script&gt;");
        page.ShouldContain("alert(1)");
        page.ShouldNotContain("alert(0)");
    }

    [Fact]
    public async Task A_sender_that_hangs_up_during_the_delay_is_reported_without_a_status()
    {
        await using var listener = await StartAsync(new ListenerRule { Delay = TimeSpan.FromMinutes(10) });
        using var impatient = new HttpClient { Timeout = TimeSpan.FromMilliseconds(500) };

        await Should.ThrowAsync<TaskCanceledException>(() => impatient.PostAsync(listener.Url, new StringContent("{}")));

        (await NextAsync()).Status.ShouldBeNull();
    }

    [Fact]
    public async Task A_taken_port_is_an_IOException()
    {
        await using var first = await StartAsync(new ListenerRule());
        await using var second = new WebhookListener(new ListenerOptions { Port = first.Url.Port }, TimeProvider.System);

        await Should.ThrowAsync<IOException>(() => second.StartAsync());
    }

    private Task<WebhookListener> StartAsync(ListenerRule rule) => StartAsync(new ListenerOptions { Rule = rule });

    private async Task<WebhookListener> StartAsync(ListenerOptions options)
    {
        var listener = new WebhookListener(options, TimeProvider.System);
        listener.Received += webhook => _received.Writer.TryWrite(webhook);
        await listener.StartAsync();
        return listener;
    }

    private async Task<ReceivedWebhook> NextAsync() => await _received.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    private async Task<HttpStatusCode> PostAsync(WebhookListener listener, string path, string body, string? id = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(listener.Url, path)) { Content = new StringContent(body) };
        if (id is not null)
            request.Headers.Add("webhook-id", id);
        using var response = await _http.SendAsync(request);
        return response.StatusCode;
    }

    // Signed by hand, as the standard says, not by the product's own signer.
    private static HttpRequestMessage Signed(WebhookListener listener, EndpointSecret secret, string signedBody, string sentBody)
    {
        var now = TimeProvider.System.GetUtcNow();
        var request = new HttpRequestMessage(HttpMethod.Post, listener.Url) { Content = new StringContent(sentBody) };
        request.Headers.Add("webhook-id", "msg_1");
        request.Headers.Add("webhook-timestamp", $"{now.ToUnixTimeSeconds()}");
        request.Headers.Add("webhook-signature", new StandardWebhooksSigner([secret]).Sign("msg_1", now, Encoding.UTF8.GetBytes(signedBody)));
        return request;
    }
}
