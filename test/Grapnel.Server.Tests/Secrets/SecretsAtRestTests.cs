using System.Collections;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grapnel.Server.Commands;
using Grapnel.Server.Commands.Examinations;
using Grapnel.Server.Hosting;
using Grapnel.Server.Secrets;
using Grapnel.Server.Tests.Commands;
using Grapnel.Server.Tests.Support;
using Grapnel.Storage;
using Grapnel.Testing;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.Time.Testing;

namespace Grapnel.Server.Tests.Secrets;

/// <summary>What whoever has the files can read, and whoever lacks the keys cannot.</summary>
public sealed class SecretsAtRestTests : IDisposable
{
    private const string Hmac = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    private static readonly string[] Plain = ["0123456789abcdef0123456789abcdef", "receiver-token", "client-secret", "-----BEGIN PRIVATE K"];

    // Bytes stand in columns as base64. Of the beginning of a text that is whole where its length is a multiple of three.
    private static readonly string[] Secrets = [.. Plain, .. Plain.Select(text => Convert.ToBase64String(Encoding.UTF8.GetBytes(text[..(text.Length / 3 * 3)])))];
    private readonly TemporaryFolder _folder = new();

    private string Data => _folder.Path;

    [Fact]
    public async Task No_file_beside_the_key_ring_shows_a_secret()
    {
        await using (var server = await StartAsync())
            await AddEndpointAsync(server, "http://127.0.0.1:9/");

        var files = Directory.GetFiles(Data, "*", SearchOption.AllDirectories);
        files.ShouldContain(file => file.EndsWith("grapnel.db", StringComparison.Ordinal));
        foreach (var file in files)
        {
            var bytes = await File.ReadAllBytesAsync(file);
            foreach (var secret in Secrets)
                bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret)).ShouldBe(-1, $"{secret} in {file}");
        }
    }

    [Fact]
    public async Task The_key_ring_is_for_its_owner_only()
    {
        await using var server = await StartAsync();
        if (OperatingSystem.IsWindows())
            return;
        File.GetUnixFileMode(Path.Combine(Data, "key-ring")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.GetUnixFileMode(Directory.GetFiles(Path.Combine(Data, "key-ring")).First()).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task Without_its_key_ring_a_server_does_not_start_and_says_what_to_do()
    {
        await using (var server = await StartAsync())
            await AddEndpointAsync(server, "http://127.0.0.1:9/");
        Directory.Move(Path.Combine(Data, "key-ring"), Path.Combine(Data, "away"));

        (await Should.ThrowAsync<SecretBoxException>(StartAsync())).Message.ShouldContain("Secrets:KeyRing");

        Directory.Exists(Path.Combine(Data, "key-ring")).ShouldBeFalse("no key is made where the right ones are missing");
        Directory.Move(Path.Combine(Data, "away"), Path.Combine(Data, "key-ring"));
        await using var again = await StartAsync();
    }

    [Fact]
    public async Task After_a_rotation_everything_opens_with_the_new_key_alone()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        string[] old;
        await using (var server = await StartAsync())
        {
            await AddEndpointAsync(server, receiver.Url);
            old = Directory.GetFiles(Path.Combine(Data, "key-ring"));
            var reply = await server.Client.PostJsonAsync("/api/v1/key-ring/rotate");
            (reply.Status, reply["sealed"].GetInt32()).ShouldBe((200, 3), "two endpoints, and the mark that all is sealed");
            await DeliversAsync(server, receiver);
            (await server.Client.GetJsonAsync("/api/v1/audit-log")).Text.ShouldContain("key-ring.rotated");
        }
        foreach (var key in old)
            File.Delete(key);

        await using var restarted = await StartAsync();
        await DeliversAsync(restarted, receiver);
    }

    [Fact]
    public async Task A_certificate_protects_the_key_ring_and_an_old_one_reads_what_is_older()
    {
        var (first, second) = (NewCertificate("first.pem"), NewCertificate("second.pfx"));
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        await using (var server = await StartAsync(("Secrets:Certificate", first)))
            await AddEndpointAsync(server, receiver.Url);
        foreach (var key in Directory.GetFiles(Path.Combine(Data, "key-ring")))
            File.ReadAllText(key).ShouldNotContain("<value>");

        await Should.ThrowAsync<SecretBoxException>(StartAsync());
        await Should.ThrowAsync<SecretBoxException>(StartAsync(("Secrets:Certificate", second)));
        var refused = await GrapnelProcess.RunAsync(Data, "serve", "--urls", "http://127.0.0.1:0", "--data", Data);
        (refused.ExitCode, refused.Output).ShouldBe((1, ""), "one line says what to do, and none is in its way");
        refused.Errors.Trim().ShouldNotContain('\n');
        refused.Errors.ShouldContain("Secrets:Certificate");

        await using var both = await StartAsync(("Secrets:Certificate", second), ("Secrets:OldCertificates", first));
        await DeliversAsync(both, receiver);
    }

    [Theory, InlineData("Sqlite"), InlineData("Postgres")]
    public async Task A_start_without_the_certificate_ends_and_adds_no_key_to_the_ring(string store)
    {
        var (settings, readRing, _) = await PrepareAsync(store);
        await using (await StartAsync([.. settings, ("Secrets:Certificate", NewCertificate("ring.pem"))])) { }
        (await readRing()).ShouldBe(1);

        (await Should.ThrowAsync<SecretBoxException>(StartAsync(settings))).Message.ShouldContain("Secrets:Certificate");

        (await readRing()).ShouldBe(1, "a key that is made now is in plain text, and the newest");
        (await ExamineKeysAsync(settings)).Severity.ShouldBe(Severity.Fault);
    }

    [Theory, InlineData("Sqlite"), InlineData("Postgres")]
    public async Task A_ring_that_lacks_any_key_that_something_is_sealed_with_starts_no_server_and_the_doctor_says_so(string store)
    {
        var (settings, _, removeKey) = await PrepareAsync(store);
        Guid key;
        await using (var server = await StartAsync(settings))
        {
            var now = TimeProvider.System.GetUtcNow();
            key = server.Get<IKeyManager>().CreateNewKey(now, now.AddDays(90)).KeyId;
            server.Get<SecretBox>().Renew();
            await AddEndpointAsync(server, "http://127.0.0.1:9/");
        }
        (await ExamineKeysAsync(settings)).Severity.ShouldBe(Severity.Fine);

        await removeKey(key);

        var refusal = (await Should.ThrowAsync<SecretBoxException>(StartAsync(settings))).Message;
        refusal.ShouldContain("2 of 3 sealed records");
        refusal.ShouldContain($"key-{key}");
        var finding = await ExamineKeysAsync(settings);
        (finding.Severity, finding.Remedy).ShouldBe((Severity.Fault, refusal));
    }

    [Fact]
    public async Task The_doctor_tells_of_keys_that_the_certificate_does_not_protect_until_they_are_out_of_the_ring()
    {
        (string, string)[] settings = [("Store", "Sqlite")];
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        await using (var server = await StartAsync(settings))
            await AddEndpointAsync(server, receiver.Url);
        var plain = Directory.GetFiles(Path.Combine(Data, "key-ring")).ShouldHaveSingleItem();
        (await ExamineKeysAsync(settings)).Severity.ShouldBe(Severity.Fine, "there is no certificate");

        settings = [.. settings, ("Secrets:Certificate", NewCertificate("ring.pem"))];
        var finding = await ExamineKeysAsync(settings);
        (finding.Severity, finding.Remedy!.Contains("grapnel admin rotate-key-ring")).ShouldBe((Severity.Warning, true));
        finding.Text.ShouldContain("1 of 1 keys");
        finding.Text.ShouldContain(Path.GetFileNameWithoutExtension(plain));

        await using (var server = await StartAsync(settings))
            (await server.Client.PostJsonAsync("/api/v1/key-ring/rotate")).Status.ShouldBe(200);
        finding = await ExamineKeysAsync(settings);
        finding.Text.ShouldContain("1 of 2 keys");
        finding.Remedy!.ShouldContain("move them out of the ring");
        File.Delete(plain);
        (await ExamineKeysAsync(settings)).Severity.ShouldBe(Severity.Fine);
        await using var restarted = await StartAsync(settings);
        await DeliversAsync(restarted, receiver);
    }

    [Fact]
    public void What_no_key_opens_is_told_after_one_look_at_the_ring_however_long_that_takes()
    {
        var (time, looks) = (new FakeTimeProvider(), 0);
        var box = new SecretBox(() =>
        {
            time.Advance(TimeSpan.FromSeconds(2));
            return ++looks < 9 ? new EphemeralDataProtectionProvider() : throw new InvalidOperationException("It looks again and again.");
        }, time);
        var strange = new EphemeralDataProtectionProvider().CreateProtector("another").Protect([1]);

        Should.Throw<SecretBoxException>(() => box.Open(strange));
        looks.ShouldBe(1);

        Should.Throw<SecretBoxException>(() => box.Open(strange));
        looks.ShouldBe(2, "the key may have come in the meantime");
    }

    [Fact]
    public async Task A_key_ring_elsewhere_leaves_nothing_in_the_data_folder()
    {
        using var elsewhere = new TemporaryFolder();
        var ring = Path.Combine(elsewhere.Path, "ring");
        await using (var server = await StartAsync(("Secrets:KeyRing", ring)))
            await AddEndpointAsync(server, "http://127.0.0.1:9/");

        Directory.Exists(Path.Combine(Data, "key-ring")).ShouldBeFalse();
        Directory.GetFiles(ring).ShouldNotBeEmpty();
        await Should.ThrowAsync<SecretBoxException>(StartAsync());
    }

    public void Dispose() => _folder.Dispose();

    private Task<TestServer> StartAsync(params (string Name, string Value)[] settings) => TestServer.StartAsync(All(settings), folder: Data);

    private static Dictionary<string, string?> All((string Name, string Value)[] settings) =>
        settings.UnionBy([(Name: "Store", Value: "Sqlite")], setting => setting.Name).ToDictionary(setting => setting.Name, setting => (string?)setting.Value);

    /// <summary>The settings of a store, how many keys its ring has, and how one is taken out of it.</summary>
    private async Task<((string Name, string Value)[] Settings, Func<Task<long>> ReadRing, Func<Guid, Task> RemoveKey)> PrepareAsync(string store)
    {
        if (store == "Sqlite")
        {
            var ring = Path.Combine(Data, "key-ring");
            return ([("Store", store)], () => Task.FromResult((long)Directory.GetFiles(ring).Length), key =>
            {
                File.Delete(Path.Combine(ring, $"key-{key}.xml"));
                return Task.CompletedTask;
            });
        }
        var server = await PostgresServer.Shared;
        var database = await server.CreateDatabaseAsync();
        return ([("Store", store), ("Postgres:ConnectionString", server.ConnectionString(database)), ("Postgres:MaxConnections", "5")],
            async () => (await server.ReadNumbersAsync("SELECT count(*) FROM key_ring", database)).Single(),
            key => server.RunSqlAsync($"DELETE FROM key_ring WHERE name = 'key-{key}'", database));
    }

    private async Task<Finding> ExamineKeysAsync((string Name, string Value)[] settings)
    {
        var setup = new HostSetup
        {
            Environment = new Hashtable(), SettingsFile = Path.Combine(Data, "no-settings-file.json"), Settings = All([.. settings, ("Store:Data", Data)]),
        };
        var found = await DoctorCommand.ExamineAsync(Examined.Read(setup, TimeSpan.FromMinutes(10)), null, null, null, default);
        return found.Single(finding => finding.Area == "keys");
    }

    private static async Task AddEndpointAsync(TestServer server, string url)
    {
        using var certificates = new TestCertificates();
        using var certificate = certificates.Issue("sender.example");
        var body = System.Text.Json.JsonSerializer.Serialize(new
        {
            uid = "shop", url, secret = Hmac, headers = new Dictionary<string, string> { ["X-Api-Key"] = "receiver-token" },
            tls = new { clientCertificate = certificate.ExportCertificatePem(), clientKey = certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem() },
        });
        (await server.Client.PostJsonAsync("/api/v1/app/default/endpoint", body)).Status.ShouldBe(201);
        (await server.Client.PostJsonAsync("/api/v1/app/default/endpoint", """
            {"uid":"granted","url":"http://127.0.0.1:9/","disabled":true,"oauth":{"tokenUrl":"http://127.0.0.1:9/","clientId":"me","clientSecret":"client-secret"}}
            """)).Status.ShouldBe(201);
    }

    private static async Task DeliversAsync(TestServer server, ScriptedReceiver receiver)
    {
        (await server.Client.PostJsonAsync("/api/v1/app/default/msg", """{"eventType":"a.test","payload":{}}""")).Status.ShouldBe(202);
        var request = await receiver.NextRequestAsync();
        request.Header("X-Api-Key").ShouldBe("receiver-token");
        var content = Encoding.UTF8.GetBytes($"{request.Header("webhook-id")}.{request.Header("webhook-timestamp")}.");
        var mac = HMACSHA256.HashData(Convert.FromBase64String(Hmac[6..]), content.Concat(request.Body).ToArray());
        request.Header("webhook-signature").ShouldBe("v1," + Convert.ToBase64String(mac));
    }

    private string NewCertificate(string file)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=Key ring", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(30));
        var path = Path.Combine(Data, file);
        if (file.EndsWith(".pfx", StringComparison.Ordinal))
            File.WriteAllBytes(path, certificate.Export(X509ContentType.Pfx));
        else
            File.WriteAllText(path, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        return path;
    }
}
