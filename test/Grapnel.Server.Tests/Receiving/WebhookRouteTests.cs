using System.Collections.Concurrent;
using System.Text;
using Grapnel.Receiving;
using Grapnel.Sending.Signing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using NSec.Cryptography;

namespace Grapnel.Server.Tests.Receiving;

/// <summary>What an application gets that maps a route with the package for receivers.</summary>
public sealed class WebhookRouteTests
{
    private readonly ConcurrentQueue<Webhook> _handled = new();

    [Theory]
    [InlineData("{ \"price\": 1.10, \"text\":\"\\u00e9é\\ud83d\\ude00\" }"), InlineData(""), InlineData("not JSON")]
    public async Task A_handler_gets_the_body_byte_for_byte_and_the_sender_a_2xx(string body)
    {
        await using var app = await ReceivingApp.StartAsync(Note);
        var at = TimeProvider.System.GetUtcNow();

        (await app.SendAsync("msg_1", body, at: at)).Status.ShouldBe(204);
        (await app.SendAsync("msg_2", body, chunked: true)).Status.ShouldBe(204);

        _handled.Select(webhook => (webhook.Id, webhook.Route, Encoding.UTF8.GetString(webhook.Body.Span)))
            .ShouldBe([("msg_1", "/hooks", body), ("msg_2", "/hooks", body)]);
        _handled.First().SentAt.ToUnixTimeSeconds().ShouldBe(at.ToUnixTimeSeconds());
    }

    [Fact]
    public async Task A_webhook_that_comes_again_is_answered_2xx_and_not_handled_again()
    {
        await using var app = await ReceivingApp.StartAsync(Note);

        (await app.SendAsync("msg_1")).Status.ShouldBe(204);
        (await app.SendAsync("msg_1", at: TimeProvider.System.GetUtcNow().AddSeconds(60))).Status.ShouldBe(204);

        _handled.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task The_same_message_at_two_routes_is_handled_at_both()
    {
        var inbox = new MemoryWebhookInbox();
        await using var app = await ReceivingApp.StartAsync(routes =>
        {
            foreach (var path in new[] { "/one", "/two" })
                routes.MapWebhook(path, new WebhookReceiverOptions { Secrets = [ReceivingApp.Text(ReceivingApp.Secret)], Inbox = inbox }, Note);
        });

        await app.SendAsync("msg_1", path: "/one");
        await app.SendAsync("msg_1", path: "/two");

        _handled.Select(webhook => webhook.Route).ShouldBe(["/one", "/two"]);
    }

    [Fact]
    public async Task The_same_message_at_two_paths_of_one_pattern_or_of_two_groups_is_handled_at_both()
    {
        var inbox = new MemoryWebhookInbox();
        var options = new WebhookReceiverOptions { Secrets = [ReceivingApp.Text(ReceivingApp.Secret)], Inbox = inbox };
        await using var app = await ReceivingApp.StartAsync(routes =>
        {
            routes.MapWebhook("/hooks/{region}", options, Note);
            foreach (var prefix in new[] { "/a", "/b" })
                routes.MapGroup(prefix).MapWebhook("/in", options, Note);
        });

        foreach (var path in new[] { "/hooks/eu", "/hooks/us", "/a/in", "/b/in", "/hooks/EU", "/b/in" })
            (await app.SendAsync("msg_1", path: path)).Status.ShouldBe(204);

        _handled.Select(webhook => webhook.Route).ShouldBe(["/hooks/eu", "/hooks/us", "/a/in", "/b/in", "/hooks/EU"]);
    }

    [Fact]
    public async Task A_handler_that_threw_is_answered_500_without_the_reason_and_runs_again_when_the_webhook_comes_again()
    {
        await using var app = await ReceivingApp.StartAsync(webhook =>
        {
            _handled.Enqueue(webhook);
            return _handled.Count == 1 ? throw new InvalidOperationException("the database's password is wrong") : Task.CompletedTask;
        });

        var (status, text) = await app.SendAsync("msg_1");
        (status, text).ShouldBe((500, "The webhook could not be handled.\n"));
        (await app.SendAsync("msg_1")).Status.ShouldBe(204);
        (await app.SendAsync("msg_1")).Status.ShouldBe(204);

        _handled.Count.ShouldBe(2);
    }

    [Theory, InlineData(true, 1), InlineData(false, 2)]
    public async Task Of_two_at_once_one_is_handled_and_the_other_waits_for_how_it_ends(bool ends, int runs)
    {
        var (begun, end) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var app = await ReceivingApp.StartAsync(async webhook =>
        {
            _handled.Enqueue(webhook);
            if (_handled.Count > 1)
                return;
            begun.SetResult();
            await end.Task;
        });

        var first = app.SendAsync("msg_1");
        await begun.Task;
        var second = app.SendAsync("msg_1");
        (await app.SendAsync("msg_2", secrets: [WebhookSecret.Generate()])).Status.ShouldBe(401, "others go on meanwhile");
        _handled.ShouldHaveSingleItem();
        second.IsCompleted.ShouldBeFalse();
        if (ends)
            end.SetResult();
        else
            end.SetException(new TimeoutException());

        (await first).Status.ShouldBe(ends ? 204 : 500);
        (await second).Status.ShouldBe(204);
        _handled.Count.ShouldBe(runs);
    }

    [Fact]
    public async Task A_forged_request_is_answered_401_and_says_no_secret()
    {
        await using var app = await ReceivingApp.StartAsync(Note);
        var forged = await app.SendAsync("msg_1", secrets: [WebhookSecret.Generate()]);
        forged.ShouldBe((401, "No signature fits.\n"));
        (await app.SendAsync("msg_1", secrets: [])).Status.ShouldBe(401);
        _handled.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(-299, 204), InlineData(-302, 401), InlineData(299, 204), InlineData(302, 401)]
    public async Task A_request_is_taken_within_five_minutes_of_its_time_to_either_side(int seconds, int status)
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var app = await ReceivingApp.StartAsync(Note, options => options.TimeProvider = time);
        (await app.SendAsync("msg_1", at: time.GetUtcNow().AddSeconds(seconds))).Status.ShouldBe(status);
        _handled.Count.ShouldBe(status == 204 ? 1 : 0);
    }

    [Theory, InlineData("webhook-id"), InlineData("webhook-timestamp"), InlineData("webhook-signature")]
    public async Task A_request_without_one_of_the_headers_is_answered_400(string header)
    {
        await using var app = await ReceivingApp.StartAsync(Note);
        (await app.SendAsync("msg_1", without: header)).ShouldBe((400, "webhook-id, webhook-timestamp or webhook-signature is missing.\n"));
        _handled.ShouldBeEmpty();
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_body_may_be_as_long_as_the_limit_and_no_longer(bool chunked)
    {
        await using var app = await ReceivingApp.StartAsync(Note, options => options.MaxBodyBytes = 10_000);
        (await app.SendAsync("msg_1", new string('a', 10_000), chunked: chunked)).Status.ShouldBe(204);
        (await app.SendAsync("msg_2", new string('a', 10_001), chunked: chunked)).ShouldBe((413, "The body is longer than 10000 bytes.\n"));
        _handled.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Any_of_several_secrets_fits_any_of_several_signatures()
    {
        var (old, current, other) = (WebhookSecret.Generate(), WebhookSecret.Generate(), WebhookSecret.Generate());
        await using var app = await ReceivingApp.StartAsync(routes =>
            routes.MapWebhook("/hooks", new WebhookReceiverOptions { Secrets = [ReceivingApp.Text(current), ReceivingApp.Text(old)] }, Note));

        (await app.SendAsync("msg_1", secrets: [old])).Status.ShouldBe(204);
        (await app.SendAsync("msg_2", secrets: [other, current])).Status.ShouldBe(204);
        (await app.SendAsync("msg_3", secrets: [other])).Status.ShouldBe(401);
    }

    [Fact]
    public async Task A_public_key_verifies_with_a_library_of_the_applications_own()
    {
        var pair = WebhookSecret.Generate(SignatureType.Ed25519);
        await using var app = await ReceivingApp.StartAsync(routes => routes.MapWebhook("/hooks", WithPublicKey(pair), Note));

        (await app.SendAsync("msg_1", secrets: [pair])).Status.ShouldBe(204);
        (await app.SendAsync("msg_2", secrets: [WebhookSecret.Generate(SignatureType.Ed25519)])).Status.ShouldBe(401);
        (await app.SendAsync("msg_3")).Status.ShouldBe(401);
    }

    [Fact]
    public async Task Secrets_that_are_none_are_refused_when_the_route_is_mapped_and_never_repeated()
    {
        await using var app = await ReceivingApp.StartAsync(routes =>
        {
            Should.Throw<ArgumentException>(() => routes.MapWebhook("/a", "whsec_QUJD", Note)).Message.ShouldNotContain("QUJD");
            Should.Throw<ArgumentException>(() => routes.MapWebhook("/b", new WebhookReceiverOptions(), Note)).Message.ShouldContain("no secret");
            var withoutLibrary = new WebhookReceiverOptions { Secrets = [ReceivingApp.Text(WebhookSecret.Generate(SignatureType.Ed25519))] };
            Should.Throw<ArgumentException>(() => routes.MapWebhook("/c", withoutLibrary, Note)).Message.ShouldContain("VerifyEd25519");
        });
    }

    [Fact]
    public async Task A_typed_handler_gets_the_body_as_JSON_and_what_is_none_is_answered_400_and_not_remembered()
    {
        var orders = new ConcurrentQueue<Order>();
        await using var app = await ReceivingApp.StartAsync(routes => routes.MapWebhook<Order>("/hooks", ReceivingApp.Text(ReceivingApp.Secret), (order, webhook) =>
        {
            orders.Enqueue(order);
            return Note(webhook);
        }));

        (await app.SendAsync("msg_1", """{"orderId":42,"new":1}""")).Status.ShouldBe(204);
        foreach (var wrong in new[] { "null", "{", """{"orderId":"x"}""", "" })
            (await app.SendAsync("msg_2", wrong)).ShouldBe((400, "The body is not the JSON that is expected here.\n"));
        (await app.SendAsync("msg_2", """{"orderId":43}""")).Status.ShouldBe(204);

        orders.ShouldBe([new Order(42), new Order(43)]);
    }

    [Fact]
    public async Task An_inbox_among_the_services_of_the_request_remembers_instead()
    {
        await using var app = await ReceivingApp.StartAsync(
            routes => routes.MapWebhook("/hooks", ReceivingApp.Text(ReceivingApp.Secret), Note),
            services => services.AddSingleton(_handled).AddScoped<IWebhookInbox, InboxThatKnowsAll>());
        (await app.SendAsync("msg_1")).Status.ShouldBe(204);
        _handled.ShouldBeEmpty();
    }

    private static WebhookReceiverOptions WithPublicKey(EndpointSecret pair) => new()
    {
        Secrets = [ReceivingApp.Text(pair)],
        VerifyEd25519 = (publicKey, content, signature) =>
            PublicKey.TryImport(SignatureAlgorithm.Ed25519, publicKey, KeyBlobFormat.RawPublicKey, out var key)
            && SignatureAlgorithm.Ed25519.Verify(key!, content, signature),
    };

    private Task Note(Webhook webhook)
    {
        _handled.Enqueue(webhook);
        return Task.CompletedTask;
    }

    private sealed record Order(int OrderId);

    private sealed class InboxThatKnowsAll : IWebhookInbox
    {
        public Task<bool> HandleOnceAsync(Webhook webhook, Func<Webhook, Task> handler) => Task.FromResult(false);
    }
}
