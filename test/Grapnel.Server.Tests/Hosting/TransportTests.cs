using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Grapnel.Server.Tests.Commands;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Hosting;

/// <summary>What the server says on the wire: TLS of its own, and headers for browsers.</summary>
public sealed class TransportTests
{
    [Fact]
    public async Task A_server_speaks_TLS_itself_where_it_is_given_a_certificate_and_no_older_version_than_it_is_told()
    {
        using var certificates = new TestCertificates();
        using var certificate = certificates.Issue("127.0.0.1");
        using var folder = new TemporaryFolder();
        var (path, key) = (Path.Combine(folder.Path, "server.pem"), Path.Combine(folder.Path, "server.key"));
        await File.WriteAllTextAsync(path, certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(key, certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?>
        {
            ["Urls"] = "https://127.0.0.1:0", ["Kestrel:Certificates:Default:Path"] = path, ["Kestrel:Certificates:Default:KeyPath"] = key,
            ["Kestrel:EndpointDefaults:SslProtocols:0"] = "Tls13",
        });

        using var client = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = { CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { certificates.Roots[0] }, RevocationMode = X509RevocationMode.NoCheck } },
        });
        (await client.GetStringAsync(new Uri(server.Address, "/health/live"))).ShouldContain("ok");
        using var old = new TcpClient("127.0.0.1", server.Address.Port);
        await using var tls = new SslStream(old.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await Should.ThrowAsync<Exception>(tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "127.0.0.1", EnabledSslProtocols = SslProtocols.Tls12 }));
    }

    [Theory]
    [InlineData("https://webhooks.example.com", "max-age=31536000"), InlineData("http://webhooks.example.com", null), InlineData(null, null)]
    public async Task Pages_ask_for_https_where_that_is_what_people_use(string? publicUrl, string? expected)
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Api:PublicUrl"] = publicUrl });
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var page = await client.GetAsync(new Uri(server.Address, "/sign-in"));
        (page.Headers.TryGetValues("Strict-Transport-Security", out var told) ? told.Single() : null).ShouldBe(expected);
    }

    [Fact]
    public async Task Answers_of_the_API_are_taken_for_nothing_else_by_a_browser()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var path in new[] { "/health/live", "/api/v1/app", "/api/v1/app/default/endpoint/none", "/api/v1/api-key?limit=0" })
            (await server.Client.GetJsonAsync(path)).Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"], path);
    }
}
