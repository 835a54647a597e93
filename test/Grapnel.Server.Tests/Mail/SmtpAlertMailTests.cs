using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Grapnel.Alerting;
using Grapnel.Server.Api;
using Grapnel.Server.Mail;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;
using Grapnel.Storage;
using Grapnel.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Grapnel.Server.Tests.Mail;

public sealed class SmtpAlertMailTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly Alert Raised = new("endpoint:ep_x", "Endpoint shop has done nothing but fail since 2030-01-02 02:04 UTC", Now.AddHours(-1), Now);

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_alert_goes_encrypted_and_signed_in_and_says_what_since_when_and_what_to_do(bool implicitly)
    {
        using var certificate = _certificates.Issue("127.0.0.1");
        await using var server = new MailServer(certificate, implicitly);

        await MailOf(server.Port, options => options.Tls = implicitly ? MailTls.Implicit : MailTls.StartTls).SendAsync([Raised], default);

        var mail = server.Mails.ShouldHaveSingleItem();
        mail.Subject.ShouldBe("[Grapnel] Endpoint shop has done nothing but fail since 2030-01-02 02:04 UTC");
        (mail.From.ToString(), mail.To.ToString(), mail.Headers["Auto-Submitted"]).ShouldBe(("\"Grapnel\" <grapnel@example.com>", "ann@example.com, bob@example.com", "auto-generated"));
        mail.TextBody!.ShouldContain("Since: 2030-01-02 02:04:05 UTC");
        mail.TextBody!.ShouldContain("What to do: Its attempts");
        mail.TextBody!.ShouldContain("Console: https://webhooks.example.com");
    }

    [Fact]
    public async Task Several_go_together_and_one_that_is_over_says_so()
    {
        await using var server = new MailServer();
        var mail = MailOf(server.Port, NoSecrets);
        var over = Raised with { OverAt = Now };

        await mail.SendAsync([over], default);
        await mail.SendAsync([Raised, over], default);

        server.Mails[0].Subject.ShouldBe($"[Grapnel] Over: {Raised.Text}");
        server.Mails[0].TextBody!.ShouldContain("Over:  2030-01-02 03:04:05 UTC");
        server.Mails[1].Subject.ShouldBe("[Grapnel] 1 alerts, and 1 that are over");
    }

    [Fact]
    public async Task What_goes_wrong_is_told_without_the_password()
    {
        using var trusted = _certificates.Issue("127.0.0.1");
        using var untrusted = TestCertificates.SelfSigned("127.0.0.1");
        await using var server = new MailServer(trusted);
        await using var stranger = new MailServer(untrusted);
        await using var plain = new MailServer();

        (await FailAsync(server.Port, options => options.Password = "another-secret")).ShouldContain("did not accept Mail:UserName and Mail:Password");
        (await FailAsync(server.Port, options => options.UserName = null)).ShouldContain("wants somebody to sign in");
        (await FailAsync(stranger.Port, _ => { })).ShouldContain("certificate that is not trusted");
        (await FailAsync(plain.Port, _ => { })).ShouldContain("offers no STARTTLS");
        (await FailAsync(Ports.Free(), _ => { })).ShouldContain("cannot be reached");
        server.Mails.Concat(stranger.Mails).Concat(plain.Mails).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_server_mails_what_is_the_matter_once_over_a_restart_too()
    {
        await using var mail = new MailServer();
        var folder = Directory.CreateTempSubdirectory("grapnel-test-").FullName;
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        Task<TestServer> StartAsync() => TestServer.StartAsync(
            new Dictionary<string, string?>
            {
                ["Mail:Host"] = "127.0.0.1", ["Mail:Port"] = $"{mail.Port}", ["Mail:Tls"] = "None", ["Mail:From"] = "grapnel@example.com", ["Mail:To"] = "ann@example.com",
                ["Health:MinFreeDiskBytes"] = $"{long.MaxValue}", ["Node:Name"] = "one",
            }, services => services.AddSingleton<TimeProvider>(time), folder);
        Task UntilAsync(string what, TestServer server, Func<Alert, bool> isSo) => Eventually.IsTrueAsync(what, async () =>
        {
            time.Advance(TimeSpan.FromSeconds(10));
            return (await server.Get<IAlertStore>().ReadAsync(default)).Any(isSo);
        }, TimeSpan.FromSeconds(30));

        await using (var server = await StartAsync())
            await UntilAsync("the alert is mailed, and that was noted", server, alert => alert.MailAt is null && mail.Mails.Count > 0);
        var stopped = time.GetUtcNow();
        await using (var server = await StartAsync())
            await UntilAsync("the alert is seen again, for some time", server, alert => alert.SeenAt > stopped + TimeSpan.FromMinutes(6));

        mail.Mails.ShouldHaveSingleItem().Subject.ShouldStartWith("[Grapnel] The disk of one runs low: ");
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Of_two_nodes_that_see_the_same_one_mails()
    {
        await using var mail = new MailServer();
        var database = await PostgresServer.Shared;
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var settings = new Dictionary<string, string?>
        {
            ["Mail:Host"] = "127.0.0.1", ["Mail:Port"] = $"{mail.Port}", ["Mail:Tls"] = "None", ["Mail:From"] = "grapnel@example.com", ["Mail:To"] = "ann@example.com",
            ["Store"] = "Postgres", ["Postgres:ConnectionString"] = database.ConnectionString(await database.CreateDatabaseAsync()), ["Postgres:MaxConnections"] = "5",
            ["Node:ExpelAfter"] = "30s",
        };
        Task<TestServer> StartAsync(string name) =>
            TestServer.StartAsync(new Dictionary<string, string?>(settings) { ["Node:Name"] = name }, services => services.AddSingleton<TimeProvider>(time));
        await using var one = await StartAsync("one");
        await using var two = await StartAsync("two");
        await one.Get<IDeliveryStore>().JoinAsync("third", NodeRoles.All, default);

        var begun = time.GetUtcNow();
        await Eventually.IsTrueAsync("it is mailed, and seen for some time", async () =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return (await one.Get<IAlertStore>().ReadAsync(default)).Any(alert => alert.MailAt is null && alert.SeenAt > begun + TimeSpan.FromMinutes(3));
        });

        mail.Mails.ShouldHaveSingleItem().Subject.ShouldBe("[Grapnel] Node third was lost: it sent no heartbeat any more");
    }

    private async Task<string> FailAsync(int port, Action<MailOptions> change)
    {
        var failure = await Should.ThrowAsync<MailException>(MailOf(port, change).SendAsync([Raised], default));
        failure.ToString().ShouldNotContain(MailServer.Password);
        failure.ToString().ShouldNotContain("another-secret");
        failure.Message.ShouldStartWith($"127.0.0.1:{port} ");
        return failure.Message;
    }

    private static void NoSecrets(MailOptions options) => (options.Tls, options.UserName, options.Password) = (MailTls.None, null, null);

    private SmtpAlertMail MailOf(int port, Action<MailOptions> change)
    {
        var options = new MailOptions
        {
            Host = "127.0.0.1", Port = port, UserName = MailServer.User, Password = MailServer.Password,
            From = "Grapnel <grapnel@example.com>", To = ["ann@example.com", "bob@example.com"],
        };
        change(options);
        return new SmtpAlertMail(options, new AlertOptions(), new ApiOptions { PublicUrl = "https://webhooks.example.com" }, TimeProvider.System) { Trust = IsTrusted };
    }

    private bool IsTrusted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        own.ChainPolicy.CustomTrustStore.AddRange(_certificates.Roots);
        return !errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) && own.Build((X509Certificate2)certificate!);
    }
}
