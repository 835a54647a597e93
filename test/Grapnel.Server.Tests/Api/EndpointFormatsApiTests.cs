using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Api;

/// <summary>What an endpoint says of how its requests are written and its connections secured.</summary>
public sealed class EndpointFormatsApiTests(ServerFixture fixture) : ServerTest(fixture)
{
    private const string Grant = """{"tokenUrl":"http://127.0.0.1:9/token","clientId":"grapnel","clientSecret":"very-secret-indeed","scope":"hooks"}""";

    [Fact]
    public async Task A_new_endpoint_in_GitHubs_style_gets_a_ping_first_and_others_get_none()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        await using var plain = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var (application, type) = (await NewApplicationAsync(), await NewEventTypeAsync());
        (await Client.PostJsonAsync(application + "/endpoint", $$"""{"url":"{{plain.Url}}"}""")).Status.ShouldBe(201);
        var made = await Client.PostJsonAsync(application + "/endpoint", $$"""{"url":"{{receiver.Url}}","format":"githubForm"}""");

        var ping = await receiver.NextRequestAsync();
        ping.Header("X-GitHub-Event").ShouldBe("ping");
        var body = JsonDocument.Parse(Uri.UnescapeDataString(System.Text.Encoding.UTF8.GetString(ping.Body)["payload=".Length..].Replace('+', ' '))).RootElement;
        (body.GetProperty("hook_id").GetInt64().ToString(), body.GetProperty("hook").GetProperty("id").GetInt64()).ShouldBe((ping.Header("X-GitHub-Hook-ID"), body.GetProperty("hook_id").GetInt64()));
        body.GetProperty("hook").GetProperty("config").GetProperty("content_type").GetString().ShouldBe("form");
        (await Client.PostJsonAsync(application + "/msg", $$$"""{"eventType":"{{{type}}}","payload":{}}""")).Status.ShouldBe(202);
        (await receiver.NextRequestAsync()).Header("X-GitHub-Event").ShouldBe(type);
        await plain.NextRequestAsync();
        plain.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task GitHubs_style_and_key_pairs_do_not_go_together()
    {
        var endpoints = await NewApplicationAsync() + "/endpoint";
        var made = await Client.PostJsonAsync(endpoints, """{"url":"http://127.0.0.1:9/","format":"github"}""");
        var endpoint = $"{endpoints}/{made.Id}";
        var pair = NewPair();
        (await Client.PostJsonAsync(endpoint + "/secret/rotate", $$"""{"key":"{{pair}}"}""")).Faults.ShouldBe(["key"]);
        (await Client.PostJsonAsync(endpoints, $$"""{"url":"http://127.0.0.1:9/","format":"github","secret":"{{pair}}"}""")).Faults.ShouldBe(["format"]);
        (await Client.PatchJsonAsync(endpoint, """{"format":"standard"}""")).Status.ShouldBe(200);
        (await Client.PostJsonAsync(endpoint + "/secret/rotate", $$"""{"key":"{{pair}}"}""")).Status.ShouldBe(204);
        (await Client.PatchJsonAsync(endpoint, """{"format":"githubForm"}""")).Faults.ShouldBe(["format"]);
    }

    [Theory]
    [InlineData("github", "X-GitHub-Event"), InlineData("githubForm", "x-hub-signature-256"), InlineData("cloudEvents", "CE-Type")]
    public async Task A_header_that_the_format_sets_is_refused(string format, string header)
    {
        var endpoints = await NewApplicationAsync() + "/endpoint";
        string Body(string name) => $$$"""{"url":"http://127.0.0.1:9/","format":"{{{name}}}","headers":{"{{{header}}}":"x"}}""";
        (await Client.PostJsonAsync(endpoints, Body(format))).Faults.ShouldBe([$"headers.{header}"]);
        var made = await Client.PostJsonAsync(endpoints, Body("standard"));
        (await Client.PatchJsonAsync($"{endpoints}/{made.Id}", $$"""{"format":"{{format}}"}""")).Faults.ShouldBe([$"headers.{header}"]);
    }

    [Fact]
    public async Task Keys_and_secrets_are_taken_and_told_by_no_answer()
    {
        var endpoints = await NewApplicationAsync() + "/endpoint";
        var (certificate, key) = NewCertificate();
        var body = JsonSerializer.Serialize(new
        {
            url = "http://127.0.0.1:9/", tls = new { clientCertificate = certificate, clientKey = key }, oauth = JsonDocument.Parse(Grant).RootElement,
        });
        var made = await Client.PostJsonAsync(endpoints, body);
        made.Status.ShouldBe(201);
        var answers = new[] { made, await Client.GetJsonAsync($"{endpoints}/{made.Id}"), await Client.GetJsonAsync(endpoints), await Client.GetJsonAsync("/api/v1/audit-log") };

        made["tls"].GetProperty("clientCertificate").GetString().ShouldBe(certificate);
        made["oauth"].GetProperty("clientId").GetString().ShouldBe("grapnel");
        foreach (var secret in new[] { "very-secret-indeed", Convert.ToBase64String("very-secret-indeed"u8), "PRIVATE KEY", key.Split('\n')[1] })
            answers.ShouldAllBe(answer => !answer.Text.Contains(secret));
    }

    [Fact]
    public async Task A_secret_stays_with_where_it_belongs_and_goes_nowhere_else()
    {
        await using var server = new ScriptedReceiver(Scripts.Status(400));
        await using var other = new ScriptedReceiver(Scripts.Status(400));
        var endpoints = await NewApplicationAsync() + "/endpoint";
        string Body(string url, string client, string more = "") =>
            $$$"""{"url":"http://127.0.0.1:9/","oauth":{"tokenUrl":"{{{url}}}","clientId":"{{{client}}}"{{{more}}}}}""";
        (await Client.PostJsonAsync(endpoints, Body(server.Url, "a"))).Faults.ShouldBe(["oauth.clientSecret"]);
        var endpoint = $"{endpoints}/{(await Client.PostJsonAsync(endpoints, Body(server.Url, "a", ""","clientSecret":"s3cret" """))).Id}";

        (await Client.PutJsonAsync(endpoint, Body(other.Url, "a"))).Faults.ShouldBe(["oauth.clientSecret"]);
        (await Client.PatchJsonAsync(endpoint, Body(server.Url, "b"))).Faults.ShouldBe(["oauth.clientSecret"]);
        (await Client.PutJsonAsync(endpoint, Body(server.Url, "a", ""","scope":"more" """))).Status.ShouldBe(200);
        (await Client.PatchJsonAsync(endpoint, """{"description":"the same"}""")).Status.ShouldBe(200);
        (await Client.PostJsonAsync(endpoints[..^"/endpoint".Length] + "/msg", $$$"""{"eventType":"{{{await NewEventTypeAsync()}}}","payload":{}}""")).Status.ShouldBe(202);
        (await server.NextRequestAsync()).Header("Authorization").ShouldBe("Basic " + Convert.ToBase64String("a:s3cret"u8));
        (await Client.PatchJsonAsync(endpoint, """{"oauth":null}"""))["oauth"].ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task What_is_wrong_with_certificates_and_tokens_is_told_by_field()
    {
        var endpoints = await NewApplicationAsync() + "/endpoint";
        var (certificate, key) = NewCertificate();
        var (_, otherKey) = NewCertificate();
        async Task Refused(object tls, string field) =>
            (await Client.PostJsonAsync(endpoints, JsonSerializer.Serialize(new { url = "http://127.0.0.1:9/", tls }))).Faults.ShouldBe([field]);
        await Refused(new { authorities = "hello" }, "tls.authorities");
        await Refused(new { clientCertificate = certificate }, "tls.clientKey");
        await Refused(new { clientKey = key }, "tls.clientCertificate");
        await Refused(new { clientCertificate = certificate, clientKey = otherKey }, "tls.clientCertificate");
        await Refused(new { insecure = "yes" }, "tls.insecure");
        await Refused(new { authorities = certificate + new string(' ', 64 * 1024) }, "tls.authorities");
        (await Client.PostJsonAsync(endpoints, """{"url":"http://127.0.0.1:9/","oauth":{"tokenUrl":"http://10.0.0.1/","clientId":"","clientSecret":"x"}}"""))
            .Faults.ShouldBe(["oauth.tokenUrl", "oauth.clientId"]);
        (await Client.PostJsonAsync(endpoints, $$"""{"url":"http://127.0.0.1:9/","headers":{"authorization":"x"},"oauth":{{Grant}} }"""))
            .Faults.ShouldBe(["headers.Authorization"]);
        var authorized = await Client.PostJsonAsync(endpoints, """{"url":"http://127.0.0.1:9/","headers":{"authorization":"x"}}""");
        foreach (var way in new[] { HttpMethod.Put, HttpMethod.Patch })
            (await Client.SendAsync(way, $"{endpoints}/{authorized.Id}", System.Text.Encoding.UTF8.GetBytes($$"""{"url":"http://127.0.0.1:9/","oauth":{{Grant}} }""")))
                .Faults.ShouldBe(["headers.Authorization"]);
    }

    private static string NewPair()
    {
        var pair = Grapnel.Sending.Signing.WebhookSecret.Generate(SignatureType.Ed25519);
        return "whsk_" + Convert.ToBase64String(pair.Key);
    }

    private static (string Certificate, string Key) NewCertificate()
    {
        using var certificates = new TestCertificates();
        using var certificate = certificates.Issue("sender.example");
        return (certificate.ExportCertificatePem(), certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
    }
}
