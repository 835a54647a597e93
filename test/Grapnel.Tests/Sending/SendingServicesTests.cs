using System.Net;
using Grapnel.Sending;
using Grapnel.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Grapnel.Tests.Sending;

public sealed class SendingServicesTests
{
    [Fact]
    public async Task The_registered_sender_follows_the_options()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        await using var services = new ServiceCollection()
            .AddSingleton(TimeProvider.System)
            .AddLogging()
            .Configure<NetworkOptions>(o => o.AllowNet.Add(IPNetwork.Parse("127.0.0.1/32")))
            .Configure<DeliveryOptions>(o => o.MaxResponseBytes = 1)
            .AddSending()
            .BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true });
        var sender = services.GetRequiredService<WebhookSender>();

        var result = await sender.SendAsync(sender.Prepare(SendFixture.Endpoint(receiver.Url)), SendFixture.Delivery("{}"u8.ToArray()), default);

        (result.Outcome, result.ResponseBody.Length).ShouldBe((SendOutcome.Success, 1));
        (await services.GetRequiredService<AddressGuard>().CheckUrlAsync("http://127.0.0.2/", default)).ShouldBe(AddressGuard.Refusal);
    }
}
