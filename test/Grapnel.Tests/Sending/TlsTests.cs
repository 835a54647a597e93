using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
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

    [Theory, InlineData(false), InlineData(true)]
    public async Task Nobody_is_asked_at_an_address_that_a_certificate_names(bool insecure)
    {
        await using var asked = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var others = new TestCertificates();
        // The receiver itself would ask, too.
        var shown = SslStreamCertificateContext.Create(others.Issue("127.0.0.1", rootAt: asked.Url), additionalCertificates: null, offline: true);
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok), new SslServerAuthenticationOptions { ServerCertificateContext = shown });
        using var fixture = new SendFixture();
        var endpoint = SendFixture.Endpoint(receiver.Url) with { Tls = insecure ? new EndpointTls { Insecure = true } : null };

        (await fixture.SendAsync(endpoint, SendFixture.Delivery("{}"u8.ToArray()))).Outcome.ShouldBe(insecure ? SendOutcome.Success : SendOutcome.TlsFailed);

        asked.ConnectionCount.ShouldBe(0);
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

    [Fact]
    public async Task A_receiver_that_knows_no_TLS_after_1_1_fails_in_the_handshake()
    {
        // An alert that the version is not supported (RFC 8446, 6.2: 70), as a server of that age answers.
        await using var receiver = new ScriptedReceiver(async c =>
        {
            await c.Stream.ReadExactlyAsync(new byte[5]);
            await c.WriteAsync("\x15\x03\x01\x00\x02\x02\x46");
        });
        (await SendTo(receiver.Url.Replace("http:", "https:")))
            .ShouldHaveFailed("The TLS handshake failed: no version, cipher or certificate that both sides accept.");
    }

    [Fact]
    public async Task An_endpoint_with_a_client_certificate_shows_it_and_others_show_none()
    {
        using var clients = new TestCertificates();
        var shown = new List<string?>();
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificate = _certificates.Issue("127.0.0.1"),
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => { shown.Add(certificate?.Subject); return certificate is not null; },
        };
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok), options);
        using var fixture = new SendFixture(roots: _certificates.Roots);
        using var client = clients.Issue("sender.example");
        var tls = new EndpointTls { ClientCertificate = client.ExportCertificatePem(), ClientKey = KeyOf(client), Authorities = Pem(_certificates) };

        (await fixture.SendAsync(SendFixture.Endpoint(receiver.Url) with { Tls = tls }, SendFixture.Delivery("{}"u8.ToArray()))).Outcome.ShouldBe(SendOutcome.Success);
        (await fixture.SendAsync(receiver.Url)).Outcome.ShouldNotBe(SendOutcome.Success);

        shown.Distinct().ShouldBe(["CN=sender.example", null]);
    }

    [Fact]
    public async Task Authorities_of_an_endpoint_count_for_it_alone_and_instead_of_all_others()
    {
        using var others = new TestCertificates();
        await using var own = new ScriptedReceiver(Scripts.Answer(Scripts.Ok), others.Issue("127.0.0.1"));
        await using var usual = new ScriptedReceiver(Scripts.Answer(Scripts.Ok), _certificates.Issue("127.0.0.1"));
        using var fixture = new SendFixture(roots: _certificates.Roots);
        Task<SendResult> Send(string url, bool isOwn) => fixture.SendAsync(
            SendFixture.Endpoint(url) with { Tls = isOwn ? new EndpointTls { Authorities = Pem(others) } : null }, SendFixture.Delivery("{}"u8.ToArray()));

        (await Send(own.Url, isOwn: true)).Outcome.ShouldBe(SendOutcome.Success);
        (await Send(own.Url, isOwn: false)).ShouldHaveFailed("The receiver's certificate comes from an authority that is not trusted.");
        (await Send(usual.Url, isOwn: true)).ShouldHaveFailed("The receiver's certificate comes from an authority that is not trusted.");
    }

    [Theory]
    [InlineData("127.0.0.1", true, false), InlineData("other.example", false, false), InlineData("127.0.0.1", false, true)]
    public async Task An_endpoint_that_takes_any_certificate_takes_this_one_and_others_do_not(string host, bool expired, bool selfSigned)
    {
        await using var receiver = new ScriptedReceiver(
            Scripts.Answer(Scripts.Ok), selfSigned ? TestCertificates.SelfSigned(host) : _certificates.Issue(host, expired));
        using var fixture = new SendFixture(roots: _certificates.Roots);
        Task<SendResult> Send(EndpointTls? tls) => fixture.SendAsync(SendFixture.Endpoint(receiver.Url) with { Tls = tls }, SendFixture.Delivery("{}"u8.ToArray()));

        (await Send(new EndpointTls { Insecure = true })).Outcome.ShouldBe(SendOutcome.Success);
        (await Send(new EndpointTls())).Outcome.ShouldBe(SendOutcome.TlsFailed);
        (await Send(null)).Outcome.ShouldBe(SendOutcome.TlsFailed);
    }

    [Fact]
    public async Task A_key_that_is_not_the_certificates_is_a_fault_of_the_settings()
    {
        using var fixture = new SendFixture();
        using var one = _certificates.Issue("one.example");
        using var other = _certificates.Issue("other.example");
        var tls = new EndpointTls { ClientCertificate = one.ExportCertificatePem(), ClientKey = KeyOf(other) };

        var result = await fixture.SendAsync(SendFixture.Endpoint("https://127.0.0.1:9/") with { Tls = tls }, SendFixture.Delivery("{}"u8.ToArray()));

        (result.Outcome, result.Blame).ShouldBe((SendOutcome.RequestInvalid, Blame.Settings));
        result.Error.ShouldNotBeNull().ShouldStartWith("tls.clientCertificate: ");
    }

    public void Dispose() => _certificates.Dispose();

    private static string Pem(TestCertificates certificates) => certificates.Roots.ExportCertificatePems();

    private static byte[] KeyOf(X509Certificate2 certificate) => Encoding.UTF8.GetBytes(certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());

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
