using System.Collections.Concurrent;
using System.Text;
using Grapnel.Receiving;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;
using Microsoft.AspNetCore.Builder;

namespace Grapnel.Server.Tests.Receiving;

/// <summary>A running server delivers to an application that receives with the package.</summary>
[Collection(RealProcesses.Name)]
public sealed class ReceivedFromServerTests(SharedRig shared)
{
    private const string Payload = """{ "price": 1.10, "text": "\u00e9é\ud83d\ude00" }""";

    [Fact]
    public async Task A_handler_that_fails_twice_gets_the_webhook_three_times_and_handles_it_once()
    {
        var rig = await shared.NewApplicationAsync();
        var bodies = new ConcurrentQueue<string>();
        await using var app = await StartAsync(rig, "/hooks", webhook =>
        {
            bodies.Enqueue(Encoding.UTF8.GetString(webhook.Body.Span));
            return bodies.Count <= 2 ? throw new TimeoutException() : Task.CompletedTask;
        });

        var message = await rig.PublishAsync("order.created", Payload);
        await rig.WaitForAsync(message, app.Endpoint, "delivered/delivered");
        (await rig.Client.PostJsonAsync($"{rig.App}/msg/{message}/endpoint/{app.Endpoint}/resend")).Status.ShouldBe(202);
        await Eventually.IsTrueAsync("it is delivered once more", async () => (await rig.SuccessesAsync(app.Endpoint)).Count == 2);

        bodies.ShouldBe([Payload, Payload, Payload]);
    }

    [Fact]
    public async Task A_receiver_with_only_the_old_secret_works_until_it_expires_and_one_with_both_goes_on()
    {
        var rig = await shared.NewApplicationAsync();
        var (ids, signatures) = (new ConcurrentQueue<string>(), new ConcurrentDictionary<string, string>());
        Task Note(Webhook webhook)
        {
            ids.Enqueue(webhook.Id);
            signatures[webhook.Id] = webhook.HttpContext.Request.Headers["webhook-signature"].ToString();
            return Task.CompletedTask;
        }

        await using var app = await StartAsync(rig, "/old", Note);
        (await rig.Client.PostJsonAsync($"{rig.App}/endpoint/{app.Endpoint}/secret/rotate", """{"gracePeriodSeconds":3}""")).Status.ShouldBe(204);
        var during = await rig.PublishAsync("order.created", Payload);
        await rig.WaitForAsync(during, app.Endpoint, "delivered/delivered");
        signatures[during].Split(' ').Length.ShouldBe(2);

        var refused = "";
        await Eventually.IsTrueAsync("the old secret has expired", async () =>
        {
            refused = await rig.PublishAsync("order.created", Payload);
            return await EndOfFirstAttemptAsync(rig, refused) == 401;
        });
        await app.AddSecretAsync(await rig.SecretAsync(app.Endpoint));
        await rig.EditEndpointAsync(app.Endpoint, $"\"url\":\"{app.Url("/both")}\"");
        await rig.WaitForAsync(refused, app.Endpoint, "delivered/delivered");
        signatures[refused].Split(' ').Length.ShouldBe(1);
    }

    private static async Task<int> EndOfFirstAttemptAsync(Rig rig, string message)
    {
        var status = 0;
        await Eventually.IsTrueAsync("it was attempted", async () =>
        {
            var attempts = (await rig.Client.GetJsonAsync($"{rig.App}/attempt/msg/{message}"))["data"];
            status = attempts.GetArrayLength() == 0 ? 0 : attempts[0].GetProperty("responseStatusCode").GetInt32();
            return status != 0;
        });
        return status;
    }

    private static async Task<Received> StartAsync(Rig rig, string path, Func<Webhook, Task> handler)
    {
        // The secret is known once there is an endpoint, and the endpoint once there is a URL.
        var endpoint = await rig.CreateEndpointAsync("http://127.0.0.1:9/", "\"disabled\":true");
        var secret = await rig.SecretAsync(endpoint);
        var app = await ReceivingApp.StartAsync(routes => routes.MapWebhook(path, secret, handler));
        await rig.EditEndpointAsync(endpoint, $"\"url\":\"{app.Url(path)}\",\"disabled\":false");
        return new Received(app, endpoint, secret, handler);
    }

    private sealed class Received(ReceivingApp app, string endpoint, string secret, Func<Webhook, Task> handler) : IAsyncDisposable
    {
        private ReceivingApp? _both;

        public string Endpoint => endpoint;

        public string Url(string path) => (_both ?? app).Url(path);

        /// <summary>Starts an application that knows the old secret and this one.</summary>
        public async Task AddSecretAsync(string current) => _both = await ReceivingApp.StartAsync(routes =>
            routes.MapWebhook("/both", new WebhookReceiverOptions { Secrets = [current, secret] }, handler));

        public async ValueTask DisposeAsync()
        {
            await app.DisposeAsync();
            if (_both is not null)
                await _both.DisposeAsync();
        }
    }
}
