using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Grapnel.Sending.Signing;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Faults;

/// <summary>What must not be told.</summary>
public sealed class SecrecyTests
{
    [Fact]
    public async Task Keys_and_secrets_never_appear_in_the_log_however_much_is_logged()
    {
        const string header = "a-value-that-only-the-receiver-may-see";
        await using var receiver = await Receiver.StartAsync();
        receiver.Answer = (arrival, _) => Task.FromResult(arrival.Path == "/failing" ? 500 : 200);
        const string other = "a-password-of-something-else";
        const string jwtSecret = "a-secret-that-signs-tokens-of-this-test";
        await using var rig = await Rig.StartAsync(settings:
        [
            ("GRAPNEL_AUTH__JWTSECRET", jwtSecret),
            ("GRAPNEL_NETWORK__PROXY", $"http://me:{other}@127.0.0.1:9"), ("GRAPNEL_NETWORK__NOPROXY", "127.0.0.0/8"),
            ("GRAPNEL_MAIL__HOST", "127.0.0.1"), ("GRAPNEL_MAIL__PORT", "9"), ("GRAPNEL_MAIL__USERNAME", "me"), ("GRAPNEL_MAIL__PASSWORD", other),
            ("GRAPNEL_MAIL__FROM", "grapnel@example.com"), ("GRAPNEL_MAIL__TO", "ops@example.com"),
            ("GRAPNEL_LOGGING__LOGLEVEL__DEFAULT", "Trace"), ("GRAPNEL_LOGGING__LOGLEVEL__MICROSOFT.ASPNETCORE", "Trace"),
            ("GRAPNEL_LOGGING__LOGLEVEL__MICROSOFT.ENTITYFRAMEWORKCORE", "Trace"),
        ]);
        var working = await rig.CreateEndpointAsync(receiver.Url(), $$"""  "headers":{"X-Token":"{{header}}"}  """);
        await rig.CreateEndpointAsync(receiver.Url("/failing"), $$"""  "headers":{"Authorization":"Bearer {{header}}"}  """);
        using var certificates = new TestCertificates();
        using var certificate = certificates.Issue("sender.example");
        var key = certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();
        var granted = JsonSerializer.Serialize(new
        {
            tls = new { clientCertificate = certificate.ExportCertificatePem(), clientKey = key },
            oauth = new { tokenUrl = receiver.Url("/failing"), clientId = "me", clientSecret = other },
        })[1..^1];
        await rig.CreateEndpointAsync(receiver.Url("/granted"), granted);
        await rig.Client.PostJsonAsync($"{rig.App}/endpoint", $$"""{"url":"http://127.0.0.1:9/","tls":{"clientKey":"{{other}}"},"oauth":{"clientSecret":"{{other}}"} }""");
        await rig.Client.PostJsonAsync("/api/v1/key-ring/rotate");
        var secrets = new List<string> { await rig.SecretAsync(working) };
        await rig.Client.PostJsonAsync($"{rig.App}/endpoint/{working}/secret/rotate");
        secrets.Add(await rig.SecretAsync(working));
        await rig.Client.PostJsonAsync($"{rig.App}/endpoint/{working}/secret/rotate", """{"key":"whsec_too-short"}""");
        var pair = Convert.ToBase64String(Ed25519.Generate());
        (await rig.Client.PostJsonAsync($"{rig.App}/endpoint/{working}/secret/rotate", $$"""{"key":"whsk_{{pair}}"}""")).Status.ShouldBe(204);
        await rig.Client.PostJsonAsync($"{rig.App}/endpoint/{working}/secret/rotate", $$"""{"key":"whsk_{{pair}}=="}""");
        await rig.Client.PostJsonAsync($"{rig.App}/endpoint", $$"""{"url":"http://127.0.0.1/","secret":"{{secrets[0]}}="}""");
        var made = await rig.Client.PostJsonAsync("/api/v1/api-key", """{"name":"Another"}""");
        var token = (await rig.Client.PostJsonAsync("/api/v1/auth/app-portal-access/default"))["token"].GetString()!;
        using (var portal = new HttpClient { BaseAddress = rig.Client.BaseAddress })
        {
            async Task ShowAsync(string shown) => await portal.SendAsync(HttpMethod.Get, "/api/v1/app/default", headers: ("Authorization", "Bearer " + shown));
            await ShowAsync(token);
            await ShowAsync(token[..^8] + "forged00");
            await ShowAsync(jwtSecret);
        }

        await rig.WaitForAsync(await rig.PublishAsync("order.created"), working, "delivered/delivered");
        await receiver.WaitForAsync(2);
        await rig.StopAsync();

        var log = rig.Server.Output + rig.Server.Errors;
        log.ShouldContain("Grapnel.Dispatching.Dispatcher[200]", customMessage: "the log is not at debug level");
        log.ShouldNotContain("whsec_");
        log.ShouldNotContain("whsk_");
        log.ShouldNotContain(pair[..40], customMessage: "the private half of the pair is in the log");
        log.ShouldNotContain(header);
        log.ShouldNotContain(other);
        log.ShouldNotContain(key.Split('\n')[1]);
        log.ShouldNotContain(ServerProcess.Key);
        log.ShouldNotContain(made["key"].GetString()!);
        log.ShouldNotContain(token.Split('.')[1]);
        log.ShouldNotContain(jwtSecret);
        foreach (var secret in secrets)
            log.ShouldNotContain(secret["whsec_".Length..]);
        foreach (var file in Directory.GetFiles(rig.Folder, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith("-key", StringComparison.Ordinal)))
            (await File.ReadAllBytesAsync(file)).AsSpan().IndexOf("a-key-of-the-fault-tests"u8).ShouldBe(-1, $"{file} holds the API key");
    }
}
