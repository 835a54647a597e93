using System.Net;
using Grapnel.Sending;
using Grapnel.Testing;

namespace Grapnel.Tests.Sending;

/// <summary>Changes the proxy of the whole process, so nothing else runs meanwhile.</summary>
[CollectionDefinition(nameof(ProxyTests), DisableParallelization = true)]
[Collection(nameof(ProxyTests))]
public sealed class ProxyTests
{
    [Fact]
    public async Task A_proxy_of_the_environment_is_not_used()
    {
        await using var proxy = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var before = HttpClient.DefaultProxy;
        HttpClient.DefaultProxy = new WebProxy($"http://127.0.0.1:{proxy.Port}");
        try
        {
            using var fixture = new SendFixture();
            (await fixture.SendAsync(receiver.Url)).Outcome.ShouldBe(SendOutcome.Success);
        }
        finally
        {
            HttpClient.DefaultProxy = before;
        }
        (proxy.ConnectionCount, receiver.ConnectionCount).ShouldBe((0, 1));
    }
}
