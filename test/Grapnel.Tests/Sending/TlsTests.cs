using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Grapnel.Sending;
using Grapnel.Testing;

namespace Grapnel.Tests.Sending;

public sealed class TlsTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    [Fact]
    public async Task A_trusted_certificate_is_accepted()
    {
        (await SendTo(_certificates.Issue("127.0.0.1"))).Outcome.ShouldBe(SendOutcome.Success);
    }

    [Fact]
    public async Task An_expired_certificate_has_its_own_reason() =>
        (await SendTo(_certificates.Issue("127.0.0.1", expired: true))).ShouldHaveFailed("The receiver's certificate has expired or is not valid yet.");

    [Fact]
    public async Task A_certificate_for_another_name_has_its_own_reason() =>
        (await SendTo(_certificates.Issue("other.example"))).ShouldHaveFailed("The receiver's certificate is for another host name.");

    [Fact]
    public async Task A_self_signed_certificate_has_its_own_reason() =>
        (await SendTo(TestCertificates.SelfSigned("127.0.0.1"))).ShouldHaveFailed("The receiver's certificate is self-signed.");

    [Fact]
    public async Task A_certificate_of_an_unknown_authority_has_its_own_reason()
    {
        using var others = new TestCertificates();
        (await SendTo(others.Issue("127.0.0.1"))).ShouldHaveFailed("The receiver's certificate comes from an authority that is not trusted.");
    }

    [Fact]
    public async Task Without_roots_of_its_own_the_sender_trusts_what_the_system_trusts()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok), _certificates.Issue("127.0.0.1"));
        using var fixture = new SendFixture();
        (await fixture.SendAsync(receiver.Url)).Outcome.ShouldBe(SendOutcome.TlsFailed);
    }

    [Fact]
    public async Task A_receiver_that_speaks_no_TLS_fails_in_the_handshake()
    {
        await using var receiver = new ScriptedReceiver(async c =>
        {
            await c.WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n");
            await c.HangAsync();
        });
        (await SendTo(receiver.Url.Replace("http:", "https:"))).ShouldHaveFailed(null);
    }

    [Fact]
    public async Task A_reset_during_the_handshake_is_a_failure_of_TLS()
    {
        await using var receiver = new ScriptedReceiver(async c =>
        {
            await c.Stream.ReadExactlyAsync(new byte[10]);
            c.Reset();
        });
        (await SendTo(receiver.Url.Replace("http:", "https:"))).ShouldHaveFailed("The connection broke during the TLS handshake.");
    }

    [Fact]
    public async Task A_handshake_that_hangs_ends_at_the_connect_limit()
    {
        await using var receiver = new ScriptedReceiver(c => c.HangAsync());
        using var fixture = new SendFixture(connectTimeout: TimeSpan.FromSeconds(1));

        var result = await fixture.SendAsync(receiver.Url.Replace("http:", "https:"));

        result.Outcome.ShouldBe(SendOutcome.ConnectTimeout);
        await receiver.AllClosedAsync();
    }

    [Fact]
    public async Task The_host_name_is_kept_for_TLS_when_the_address_is_pinned()
    {
        var named = "";
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateSelectionCallback = (_, name) => { named = name!; return _certificates.Issue("hooks.example"); },
        };
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok), options);
        using var fixture = new SendFixture(roots: _certificates.Roots, resolve: (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback]));

        (await fixture.SendAsync($"https://hooks.example:{receiver.Port}/")).Outcome.ShouldBe(SendOutcome.Success);

        named.ShouldBe("hooks.example");
    }

    public void Dispose() => _certificates.Dispose();

    private async Task<SendResult> SendTo(X509Certificate2 certificate)
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok), certificate);
        return await SendTo(receiver.Url);
    }

    private async Task<SendResult> SendTo(string url)
    {
        using var fixture = new SendFixture(roots: _certificates.Roots);
        return await fixture.SendAsync(url);
    }
}

file static class TlsResult
{
    public static void ShouldHaveFailed(this SendResult result, string? reason)
    {
        (result.Outcome, result.StatusCode).ShouldBe((SendOutcome.TlsFailed, 0), result.Error);
        if (reason is null)
            result.Error.ShouldNotBeNullOrEmpty();
        else
            result.Error.ShouldBe(reason);
    }
}
