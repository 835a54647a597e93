using System.Text;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;
using Microsoft.AspNetCore.Http;
using StandardWebhooks;
using StandardWebhooks.Diagnostics;

namespace Grapnel.Server.Tests.Faults;

/// <summary>What a receiver sees who checks signatures with stock libraries: three of npm, one of NuGet.</summary>
[Collection(RealProcesses.Name)]
public sealed class SignatureTests(SharedRig shared)
{
    [Fact]
    public async Task A_receiver_that_knows_only_the_old_secret_goes_on_working_until_the_overlap_is_over()
    {
        var rig = await shared.NewApplicationAsync();
        await using var receiver = await Receiver.StartAsync();
        var endpoint = await rig.CreateEndpointAsync(receiver.Url());
        var old = await rig.SecretAsync(endpoint);
        var before = await DeliverAsync(rig, receiver);

        (await rig.Client.PostJsonAsync($"{rig.App}/endpoint/{endpoint}/secret/rotate", """{"gracePeriodSeconds":3}""")).Status.ShouldBe(204);
        var current = await rig.SecretAsync(endpoint);
        var during = await DeliverAsync(rig, receiver);
        var after = during;
        await Eventually.IsTrueAsync("the old secret has expired", async () => (after = await DeliverAsync(rig, receiver)).Signature.Split(' ').Length == 1);

        during.Signature.Split(' ').Length.ShouldBe(2);
        (await StockLibrary.VerifyAsync((old, before), (old, during), (current, during), (current, after), (old, after), (current, before)))
            .ShouldBe(["ok", "ok", "ok", "ok", "fail: No matching signature found", "fail: No matching signature found"]);
        // Not the old secret during the overlap: of several signatures, StandardWebhooks 1.1.2 of NuGet compares all but the last one.
        new[] { (old, before), (current, during), (current, after), (old, after), (current, before) }.Select(check => VerifiesInDotNet(check.Item1, check.Item2))
            .ShouldBe([true, true, true, false, false]);
    }

    // By the library of NuGet, which is somebody else's.
    private static bool VerifiesInDotNet(string secret, Arrival arrival)
    {
        try
        {
            new StandardWebhook(secret).Verify(Encoding.UTF8.GetString(arrival.Body), new HeaderDictionary
            {
                ["webhook-id"] = arrival.Id, ["webhook-timestamp"] = arrival.Timestamp, ["webhook-signature"] = arrival.Signature,
            });
            return true;
        }
        catch (WebhookVerificationException)
        {
            return false;
        }
    }

    private static async Task<Arrival> DeliverAsync(Rig rig, Receiver receiver)
    {
        var id = await rig.PublishAsync("order.created", """{ "price": 1.10, "text": "\u00e9é\ud83d\ude00" }""");
        await Eventually.IsTrueAsync("it arrives", () => receiver.Arrivals.Any(arrival => arrival.Id == id));
        return receiver.Arrivals.First(arrival => arrival.Id == id);
    }
}
