using System.Net;
using System.Text;
using Grapnel.Sending;
using Grapnel.Testing;

namespace Grapnel.Tests.Sending;

/// <summary>What leaves through the operator's proxy, and what goes past it.</summary>
public sealed class EgressProxyTests
{
    [Fact]
    public async Task Plain_http_goes_through_the_proxy_with_the_name_and_password_it_wants()
    {
        await using var proxy = new ScriptedReceiver(async c =>
        {
            while (await c.ReadRequestAsync() is { } request)
                await c.WriteAsync(request.Header("Proxy-Authorization") is null
                    ? "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n" : Scripts.Ok);
        });
        using var fixture = Through($"http://me:s%40cret@127.0.0.1:{proxy.Port}");

        (await fixture.SendAsync("http://receiver.example/hook")).Outcome.ShouldBe(SendOutcome.Success);

        proxy.Requests.Last().Line.ShouldBe("POST http://receiver.example/hook HTTP/1.1");
        proxy.Requests.Last().Header("Proxy-Authorization").ShouldBe("Basic " + Convert.ToBase64String("me:s@cret"u8));
    }

    [Fact]
    public async Task Https_goes_through_a_tunnel_and_the_certificate_must_still_be_the_receivers()
    {
        using var certificates = new TestCertificates();
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok), certificates.Issue("receiver.example"));
        await using var proxy = new ScriptedReceiver(async c =>
        {
            await c.ReadRequestAsync();
            await c.WriteAsync("HTTP/1.1 200 Connected\r\n\r\n");
            await c.TunnelAsync(receiver.Port);
        });
        using var fixture = Through($"http://127.0.0.1:{proxy.Port}", certificates);

        (await fixture.SendAsync("https://receiver.example/hook")).Outcome.ShouldBe(SendOutcome.Success);
        (await fixture.SendAsync("https://other.example/hook")).Error.ShouldBe("The receiver's certificate is for another host name.");

        proxy.Requests.First().Line.ShouldBe("CONNECT receiver.example:443 HTTP/1.1");
        receiver.Requests.Single().Line.ShouldBe("POST /hook HTTP/1.1");
    }

    [Fact]
    public async Task A_proxy_that_refuses_a_tunnel_is_a_connection_that_was_not_made()
    {
        await using var proxy = new ScriptedReceiver(Scripts.Status(403));
        using var fixture = Through($"http://127.0.0.1:{proxy.Port}");

        var result = await fixture.SendAsync("https://receiver.example/hook");

        (result.Outcome, result.Error).ShouldBe((SendOutcome.ConnectFailed, "The proxy did not make the connection."));
    }

    [Fact]
    public async Task A_SOCKS_proxy_is_told_the_name_and_resolves_it()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var asked = "";
        // RFC 1928: a greeting, a method, a request with a name, an answer; then the two are connected.
        await using var proxy = new ScriptedReceiver(async c =>
        {
            var greeting = new byte[2];
            await c.Stream.ReadExactlyAsync(greeting);
            await c.Stream.ReadExactlyAsync(new byte[greeting[1]]);
            await c.WriteAsync(new byte[] { 5, 0 });
            var head = new byte[5];
            await c.Stream.ReadExactlyAsync(head);
            var rest = new byte[head[4] + 2];
            await c.Stream.ReadExactlyAsync(rest);
            asked = Encoding.ASCII.GetString(rest[..^2]);
            await c.WriteAsync(new byte[] { 5, 0, 0, 1, 0, 0, 0, 0, 0, 0 });
            await c.TunnelAsync(receiver.Port);
        });
        using var fixture = Through($"socks5://127.0.0.1:{proxy.Port}");

        (await fixture.SendAsync("http://receiver.example/hook")).Outcome.ShouldBe(SendOutcome.Success);

        asked.ShouldBe("receiver.example");
    }

    [Theory]
    [InlineData("inside.example"), InlineData("*.inside.example"), InlineData(".inside.example")]
    public async Task What_the_list_names_goes_past_the_proxy_with_everything_below_it(string entry)
    {
        await using var proxy = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture(
            proxy: $"http://127.0.0.1:{proxy.Port}", noProxy: [entry], resolve: (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]));

        foreach (var host in new[] { "inside.example", "a.b.INSIDE.example", "notinside.example" })
            (await fixture.SendAsync($"http://{host}:{receiver.Port}/hook")).Outcome.ShouldBe(SendOutcome.Success);

        (receiver.Requests.Count, proxy.Requests.Single().Line).ShouldBe((2, $"POST http://notinside.example:{receiver.Port}/hook HTTP/1.1"));
    }

    [Theory]
    [InlineData("127.0.0.0/8"), InlineData("127.0.0.1")]
    public async Task Addresses_and_networks_of_the_list_go_past_the_proxy(string entry)
    {
        await using var proxy = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture(proxy: $"http://127.0.0.1:{proxy.Port}", noProxy: [entry]);

        (await fixture.SendAsync(receiver.Url)).Outcome.ShouldBe(SendOutcome.Success);

        (proxy.ConnectionCount, receiver.ConnectionCount).ShouldBe((0, 1));
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}/"), InlineData("http://169.254.169.254/latest"), InlineData("https://[::1]:{0}/"), InlineData("http://0x7f.1:{0}/")]
    public async Task An_address_that_may_not_be_sent_to_is_not_handed_to_the_proxy_either(string url)
    {
        await using var proxy = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture(proxy: $"http://127.0.0.1:{proxy.Port}", allow: []);

        (await fixture.SendAsync(string.Format(url, proxy.Port))).Outcome.ShouldBe(SendOutcome.Blocked);

        proxy.ConnectionCount.ShouldBe(0);
    }

    private static SendFixture Through(string proxy, TestCertificates? certificates = null) =>
        new(proxy: proxy, roots: certificates?.Roots, resolve: (host, _) => throw new InvalidOperationException($"{host} may not be looked up here."));
}
