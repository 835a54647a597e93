using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Faults;

/// <summary>What happens between the program and a receiver, on the wire.</summary>
[Collection(RealProcesses.Name)]
public sealed class WireTests(SharedRig shared)
{
    [Fact]
    public async Task A_connection_that_is_reset_after_the_request_leaves_the_outcome_unknown_and_the_message_comes_again_with_its_id()
    {
        var rig = await shared.NewApplicationAsync();
        var requests = 0;
        await using var receiver = new ScriptedReceiver(async connection =>
        {
            while (await connection.ReadRequestAsync() is not null)
            {
                if (Interlocked.Increment(ref requests) == 1)
                {
                    connection.Reset();
                    return;
                }
                await connection.WriteAsync(Scripts.Ok);
            }
        });
        var endpoint = await rig.CreateEndpointAsync(receiver.Url);

        var message = await rig.PublishAsync("order.created", """{ "n" : 1.0 }""");

        await rig.WaitForAsync(message, endpoint, "delivered/delivered");
        var (first, second) = (await receiver.NextRequestAsync(), await receiver.NextRequestAsync());
        (first.Header("webhook-id"), second.Header("webhook-id")).ShouldBe((message, message));
        second.Body.ShouldBe(first.Body);
        second.Body.ShouldBe("""{ "n" : 1.0 }"""u8.ToArray());
    }

    [Fact]
    public async Task A_receiver_that_offers_HTTP_2_gets_HTTP_2_and_a_signature_that_verifies()
    {
        var rig = await shared.NewApplicationAsync();
        using var certificate = shared.Certificates.Issue("127.0.0.1");
        await using var receiver = await Receiver.StartAsync(certificate);
        var endpoint = await rig.CreateEndpointAsync(receiver.Url());

        var message = await rig.PublishAsync("order.created");

        await rig.WaitForAsync(message, endpoint, "delivered/delivered");
        var arrival = receiver.Arrivals.ShouldHaveSingleItem();
        arrival.Protocol.ShouldBe("HTTP/2");
        (await StockLibrary.VerifyAsync((await rig.SecretAsync(endpoint), arrival))).ShouldBe(["ok"]);
    }

    [Fact]
    public async Task A_receiver_whose_certificate_nobody_vouches_for_gets_no_request()
    {
        var rig = await shared.NewApplicationAsync();
        using var certificate = TestCertificates.SelfSigned("127.0.0.1");
        await using var receiver = await Receiver.StartAsync(certificate);
        var endpoint = await rig.CreateEndpointAsync(receiver.Url(), "\"retrySchedule\":[]");

        var message = await rig.PublishAsync("order.created");

        await rig.WaitForAsync(message, endpoint, "exhausted/exhausted");
        receiver.Arrivals.ShouldBeEmpty();
    }
}
