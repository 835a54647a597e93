using System.Text.Json;
using Grapnel.Registry;
using Grapnel.Server.Commands.Client;
using Grapnel.Server.Commands.Listening;
using Grapnel.Server.Commands.Samples;
using Grapnel.Server.Console;
using Grapnel.Server.Inboxes;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Console.Support;

/// <summary>
/// A server with life in it: sample data, a consumer that takes, one that refuses now and then and one that is down, and what came of some dozens
/// of messages. And the lists of all pages, for what is true of every page.
/// </summary>
internal sealed class Tour : IAsyncDisposable
{
    private const int Seed = 7;
    private const int Messages = 40;
    private readonly WebhookListener _consumer;

    private Tour(ConsoleServer console, WebhookListener consumer) => (Console, _consumer) = (console, consumer);

    public ConsoleServer Console { get; }

    /// <summary>What a stranger can open: its name, and its path.</summary>
    public IReadOnlyList<(string Name, string Path)> ForAnybody { get; } = [("sign-in", ConsolePaths.SignIn), ("portal-door", ConsolePaths.Portal)];

    /// <summary>What an administrator can open.</summary>
    public IReadOnlyList<(string Name, string Path)> Pages { get; private set; } = [];

    /// <summary>What an application's people can open by their portal's link.</summary>
    public IReadOnlyList<(string Name, string Path)> InPortal { get; private set; } = [];

    public static async Task<Tour> StartAsync()
    {
        var consumer = new WebhookListener(new ListenerOptions
        {
            PathRules = new Dictionary<string, ListenerRule> { [SampleData.FlakyPath] = new() { FailFirst = 2 }, ["/down"] = new() { Status = 503 } },
        }, TimeProvider.System);
        await consumer.StartAsync(CancellationToken.None);
        var tour = new Tour(await ConsoleServer.StartAsync(new Dictionary<string, string?> { ["Inbox:Enabled"] = "true" }), consumer);
        await tour.FillAsync();
        return tour;
    }

    public async ValueTask DisposeAsync()
    {
        await Console.DisposeAsync();
        await _consumer.DisposeAsync();
    }

    private async Task FillAsync()
    {
        using var api = new ApiClient(Console.Server.Address, TestServer.Key);
        await new SampleData(api, _consumer.Url) { FlakyRetrySchedule = [1, 600] }.LoadAsync(CancellationToken.None);
        var down = await Console.Client.PostJsonAsync("/api/v1/app/default/endpoint", $$"""
            {"url":"{{new Uri(_consumer.Url, "/down")}}","description":"Warehouse: a receiver that is down","filterTypes":["order.paid"],"retrySchedule":[600,3600]}
            """);
        var application = await Console.Server.Get<ApplicationRegistry>().GetAsync(Application.DefaultUid, CancellationToken.None);
        var inbox = await Console.Server.Get<InboxRegistry>().CreateAsync(
            application.Id, Console.Server.Address, new EndpointInput { Description = "Test inbox" }, CancellationToken.None);
        var random = new Random(Seed);
        var last = "";
        for (var i = 0; i < Messages; i++)
        {
            var sample = SampleEvents.All[random.Next(SampleEvents.All.Count)];
            var reply = await Console.Client.PostJsonAsync(
                $"/trigger/{sample.Name}", JsonSerializer.Serialize(sample.NewEnvelope(random, DateTimeOffset.UnixEpoch.AddYears(56))));
            last = reply.Id;
        }
        var schedule = await Console.Client.PostJsonAsync(
            "/api/v1/app/default/schedule", """{"eventType":"invoice.paid","cron":"0 9 * * 1","payload":{"weekly":true}}""");
        var other = await Console.Client.PostJsonAsync("/api/v1/app", """{"name":"Northwind Traders","uid":"northwind"}""");
        await Console.Client.PostJsonAsync(
            "/api/v1/api-key", """{"name":"Shop","scope":"publish","application":"northwind","expiresAt":"2099-01-01T00:00:00Z"}""");
        Pages =
        [
            ("home", "/"), ("welcome", "/welcome"), ("find", "/find?text=nothing-like-it"),
            ("webhooks", "/webhooks"), ("webhook", $"/webhooks/{down.Id}"), ("webhook-edit", $"/webhooks/{down.Id}/edit"),
            ("webhook-new", "/webhooks/new?eventType=order.paid"),
            ("events", "/events"), ("event", "/events/order.created"), ("event-edit", "/events/order.created/edit"), ("event-new", "/events/new"),
            ("trigger", "/events/order.created/trigger"), ("trigger-any", "/trigger"),
            ("schedules", "/schedules"), ("schedule", $"/schedules/{schedule.Id}"), ("schedule-new", "/schedules/new"),
            ("messages", "/messages"), ("message", $"/messages/{last}"), ("message-beside", $"/messages?message={last}"),
            ("inboxes", "/inboxes"), ("inbox", $"/inboxes/{inbox.Id}"),
            ("applications", "/applications"), ("application", $"/applications/{other.Id}"), ("application-new", "/applications/new"),
            ("settings", "/settings"), ("nodes", "/settings/nodes"), ("configuration", "/settings/configuration"),
            ("keys", "/settings/keys"), ("key-new", "/settings/keys/new"), ("users", "/settings/users"), ("user-new", "/settings/users/new"),
            ("user", $"/settings/users/{ConsoleServer.Operator}"), ("audit", "/settings/audit"), ("portal-links", "/settings/portal"),
            ("account", "/account"), ("not-allowed", "/not-allowed"), ("not-found", "/not-found"),
        ];
        InPortal =
        [
            ("portal-home", "/portal/home"), ("portal-webhooks", "/portal/webhooks"), ("portal-webhook", $"/portal/webhooks/{down.Id}"),
            ("portal-webhook-edit", $"/portal/webhooks/{down.Id}/edit"), ("portal-webhook-new", "/portal/webhooks/new"),
            ("portal-messages", "/portal/messages"), ("portal-message", $"/portal/messages/{last}"), ("portal-find", "/portal/find?text=nothing-like-it"),
        ];
    }
}
