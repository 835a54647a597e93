using System.Net;
using System.Net.Sockets;
using Grapnel.Sending;
using Grapnel.Testing;

namespace Grapnel.Tests.Sending;

public sealed class AddressGuardTests
{
    [Theory]
    [InlineData("http://127.0.0.1/"), InlineData("http://127.1/"), InlineData("http://2130706433/"), InlineData("http://0x7f000001/")]
    [InlineData("http://0x7f.0.0.1/"), InlineData("http://0177.0.0.1/"), InlineData("http://017700000001/"), InlineData("http://127.0.0.1./")]
    [InlineData("http://0/"), InlineData("http://[::1]/"), InlineData("http://[::ffff:127.0.0.1]/")]
    [InlineData("http://[::ffff:7f00:1]/"), InlineData("http://[0:0:0:0:0:ffff:0a00:0001]/"), InlineData("http://[::]/"), InlineData("http://[fe80::1%25eth0]/")]
    [InlineData("http://[64:ff9b::127.0.0.1]/"), InlineData("http://[2002:7f00:1::]/"), InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("https://10.0.0.1:8443/"), InlineData("http://localhost/"), InlineData("http://LOCALHOST./")]
    public async Task A_literal_or_local_target_is_refused_at_registration_and_at_connect_in_every_form(string url)
    {
        using var fixture = new SendFixture(allow: [], connectTimeout: TimeSpan.FromSeconds(20), resolve: (host, _) => Task.FromResult<IPAddress[]>(
            host.TrimEnd('.') == "localhost" ? [IPAddress.Loopback] : throw new SocketException((int)SocketError.HostNotFound)));

        (await fixture.Guard.CheckUrlAsync(url, default)).ShouldBe(AddressGuard.Refusal);

        var result = await fixture.SendAsync(url);
        (result.Outcome, result.Blame, result.Error).ShouldBe((SendOutcome.Blocked, Blame.Settings, AddressGuard.Refusal));
    }

    [Theory]
    [InlineData(null), InlineData(""), InlineData("example.com"), InlineData("/relative"), InlineData("ftp://example.com/"), InlineData("file:///etc/passwd")]
    [InlineData("http://"), InlineData("http:///path"), InlineData("http://user@example.com/"), InlineData("http://user:pw@example.com/")]
    [InlineData("http://8.8.8.8@127.0.0.1/"), InlineData(" http://example.com/"), InlineData("http://example.com/\r\nX: y"), InlineData("http://exa\tmple.com/")]
    [InlineData("http://\uff11\uff12\uff17.0.0.1/"), InlineData("http://127\u30020\u30020\u30021/"), InlineData("http://\u2460\u2461\u2466.0.0.1/")]
    [InlineData("http://\u24dbocalhost/"), InlineData("http://b\u00fccher.example/")]
    [InlineData("http://\u200d/"), InlineData("http://%31%32%37.0.0.1/"), InlineData("http://a..b/"), InlineData("javascript:alert(1)"), InlineData("unix:/run/x")]
    public async Task A_URL_that_is_not_plain_http_is_refused_with_a_sentence_and_never_requested(string? url)
    {
        using var fixture = new SendFixture(resolve: (_, _) => throw new InvalidOperationException("No name may be looked up."));

        var error = await fixture.Guard.CheckUrlAsync(url, default);

        error.ShouldNotBeNull().ShouldEndWith(".");
        error.ShouldNotBe(AddressGuard.Refusal);
        (await fixture.SendAsync(url!)).Outcome.ShouldBe(SendOutcome.RequestInvalid);
    }

    [Theory]
    [InlineData("http://93.184.216.34/"), InlineData("https://[2606:4700::1111]:8443/x?y#z"), InlineData("http://xn--bcher-kva.example/\u00fc"), InlineData("HTTPS://EXAMPLE.COM")]
    public async Task A_public_target_is_accepted(string url) =>
        (await Guard(_ => [IPAddress.Parse("93.184.216.34")]).CheckUrlAsync(url, default)).ShouldBeNull();

    [Theory]
    [InlineData("127.0.0.1", "http://127.0.0.1:{0}/"), InlineData("0.0.0.0", "http://127.0.0.2:{0}/"), InlineData("[::]", "http://[::1]:{0}/")]
    [InlineData("db.example", "http://other-name-of-it.example:{0}/"), InlineData("::ffff:127.0.0.1", "http://127.0.0.1:{0}/")]
    public async Task What_is_the_installations_own_is_refused_in_an_open_network_too(string host, string url)
    {
        await using var own = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        await using var neighbour = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var places = new OwnPlaces();
        places.Add(host, own.Port);
        using var fixture = new SendFixture(own: places, resolve: (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]));

        (await fixture.Guard.CheckUrlAsync(string.Format(url, own.Port), default)).ShouldBe(AddressGuard.Refusal);
        (await fixture.SendAsync(string.Format(url, own.Port))).Outcome.ShouldBe(SendOutcome.Blocked);
        (await fixture.SendAsync(neighbour.Url)).Outcome.ShouldBe(SendOutcome.Success);
        own.ConnectionCount.ShouldBe(0);
    }

    [Fact]
    public async Task A_name_that_does_not_resolve_is_accepted_at_registration_and_fails_at_connect()
    {
        using var fixture = new SendFixture(resolve: (_, _) => throw new SocketException((int)SocketError.HostNotFound));

        (await fixture.Guard.CheckUrlAsync("http://not-yet.example/", default)).ShouldBeNull();
        (await fixture.SendAsync("http://not-yet.example/")).Outcome.ShouldBe(SendOutcome.NameNotResolved);
    }

    [Fact]
    public async Task A_name_without_addresses_does_not_resolve()
    {
        using var fixture = new SendFixture(resolve: (_, _) => Task.FromResult<IPAddress[]>([]));
        (await fixture.SendAsync("http://empty.example/")).Outcome.ShouldBe(SendOutcome.NameNotResolved);
    }

    [Theory]
    [InlineData("93.184.216.34", "127.0.0.1")]
    [InlineData("127.0.0.1", "93.184.216.34")]
    [InlineData("93.184.216.34", "fd00::1")]
    [InlineData("93.184.216.34", "::ffff:10.0.0.1")]
    public async Task A_mixed_answer_is_refused_as_a_whole(string first, string second)
    {
        using var fixture = new SendFixture(allow: [], resolve: (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(first), IPAddress.Parse(second)]));

        (await fixture.Guard.CheckUrlAsync("http://mixed.example/", default)).ShouldBe(AddressGuard.Refusal);
        (await fixture.SendAsync("http://mixed.example/")).Outcome.ShouldBe(SendOutcome.Blocked);
    }

    [Fact]
    public async Task A_name_that_turns_private_after_registration_reaches_nothing()
    {
        await using var canary = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var answers = new Queue<IPAddress>([IPAddress.Parse("93.184.216.34"), IPAddress.Loopback]);
        using var fixture = new SendFixture(allow: [], resolve: (_, _) => Task.FromResult<IPAddress[]>([answers.Dequeue()]));
        var url = $"http://rebinding.example:{canary.Port}/";

        (await fixture.Guard.CheckUrlAsync(url, default)).ShouldBeNull();
        (await fixture.SendAsync(url)).Outcome.ShouldBe(SendOutcome.Blocked);

        canary.ConnectionCount.ShouldBe(0);
    }

    [Fact]
    public async Task A_name_is_looked_up_once_per_connection_so_that_what_was_checked_is_what_is_connected_to()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var lookups = 0;
        using var fixture = new SendFixture(resolve: (host, _) =>
        {
            host.ShouldBe("flipping.example");
            // A second look would find an address where nothing listens.
            return Task.FromResult<IPAddress[]>([++lookups == 1 ? IPAddress.Loopback : IPAddress.Parse("127.0.0.99")]);
        });

        for (var i = 0; i < 3; i++)
            (await fixture.SendAsync($"http://flipping.example:{receiver.Port}/")).Outcome.ShouldBe(SendOutcome.Success);

        lookups.ShouldBe(1);
        receiver.ConnectionCount.ShouldBe(1);
        (await receiver.NextRequestAsync()).Header("Host").ShouldBe($"flipping.example:{receiver.Port}");
    }

    [Fact]
    public async Task All_addresses_of_a_name_are_tried_in_turn()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture(resolve: (_, _) => Task.FromResult<IPAddress[]>(
            [IPAddress.IPv6Loopback, IPAddress.Parse("127.0.0.2"), IPAddress.Loopback.MapToIPv6()]));

        (await fixture.SendAsync($"http://several.example:{receiver.Port}/")).Outcome.ShouldBe(SendOutcome.Success);
    }

    [Fact]
    public async Task An_opened_network_is_open_from_end_to_end_and_not_beyond()
    {
        var guard = new AddressGuard(
            new NetworkOptions { AllowNet = [IPNetwork.Parse("10.20.0.0/16"), IPNetwork.Parse("fd00:1::/32")] }, TimeProvider.System);
        string[] open = ["10.20.0.0", "10.20.255.255", "::ffff:10.20.1.1", "fd00:1::", "fd00:1:ffff:ffff:ffff:ffff:ffff:ffff"];
        string[] closed = ["10.19.255.255", "10.21.0.0", "127.0.0.1", "fd00::1", "fd00:2::", "::ffff:10.21.0.0", "64:ff9b::10.20.0.1", "::10.20.0.1"];

        open.ShouldAllBe(a => guard.Judge(IPAddress.Parse(a)) == AddressVerdict.Allowed);
        closed.ShouldAllBe(a => guard.Judge(IPAddress.Parse(a)) != AddressVerdict.Allowed);
        (await guard.CheckUrlAsync("http://10.20.3.4:9000/", default)).ShouldBeNull();
    }

    [Fact]
    public async Task A_refusal_reads_the_same_for_open_and_closed_ports_and_names_no_address()
    {
        await using var open = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture(allow: ["127.0.0.2/32"]);

        var toOpen = await fixture.SendAsync(open.Url);
        var toClosed = await fixture.SendAsync("http://127.0.0.1:1/");

        toOpen.ShouldBe(toClosed with { Duration = toOpen.Duration });
        toOpen.Outcome.ShouldBe(SendOutcome.Blocked);
        toOpen.Error!.ShouldNotContain("127");
        open.ConnectionCount.ShouldBe(0);
    }

    [Fact]
    public async Task Where_only_https_is_wanted_no_other_URL_can_be_set()
    {
        var guard = new AddressGuard(
            new NetworkOptions { HttpsOnly = true }, TimeProvider.System, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("1.1.1.1")]));
        (await guard.CheckUrlAsync("http://example.com/", default))!.ShouldContain("https");
        (await guard.CheckUrlAsync("HTTPS://example.com/", default)).ShouldBeNull();
    }

    private static AddressGuard Guard(Func<string, IPAddress[]> resolve) =>
        new(new NetworkOptions(), TimeProvider.System, (host, _) => Task.FromResult(resolve(host)));
}
