using System.Text.Json;
using Grapnel.Sending.Signing;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Api;

public sealed class EndpointSettingsApiTests(ServerFixture fixture) : ServerTest(fixture)
{
    private const string Custom = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

    [Fact]
    public async Task A_secret_is_made_or_taken_and_rotation_replaces_it()
    {
        var made = await NewEndpointAsync();
        (await SecretAsync(made)).ShouldMatch("^whsec_[A-Za-z0-9+/]{43}=$");
        var given = await NewEndpointAsync($$"""{"url":"http://127.0.0.1:9/","secret":"{{Custom}}"}""");
        (await SecretAsync(given)).ShouldBe(Custom);

        (await Client.PostJsonAsync(given + "/secret/rotate", "{}")).Status.ShouldBe(204);
        var rotated = await SecretAsync(given);
        rotated.ShouldNotBe(Custom);
        (await Client.PostJsonAsync(given + "/secret/rotate")).Status.ShouldBe(204);
        (await SecretAsync(given)).ShouldNotBe(rotated);
        (await Client.PostJsonAsync(given + "/secret/rotate", $$"""{"key":"{{Custom}}","gracePeriodSeconds":0}""")).Status.ShouldBe(204);
        (await SecretAsync(given)).ShouldBe(Custom);
    }

    [Fact]
    public async Task What_people_copy_or_read_from_an_answer_stands_in_it_as_it_is()
    {
        const string secret = "whsec_+++++++++++++++++++++++++++++++++++/++++++++", description = "Für <A & B>, it's 1 + 1";
        var endpoint = await NewEndpointAsync($$"""{"url":"http://127.0.0.1:9/","description":"{{description}}","secret":"{{secret}}"}""");
        (await Client.GetJsonAsync(endpoint)).Text.ShouldContain(description);
        (await Client.GetJsonAsync(endpoint + "/secret")).Text.ShouldContain(secret);
        (await Client.PostJsonAsync("/trigger/no.such", "{}")).Text.ShouldContain("'no.such'");
    }

    [Fact]
    public async Task Of_an_asymmetric_secret_the_public_key_is_shown_and_the_private_one_in_no_answer()
    {
        var (given, publicKey) = NewPair();
        var (rotated, rotatedPublicKey) = NewPair();
        var endpoints = await NewApplicationAsync() + "/endpoint";
        var answers = new List<string>();
        async Task<Reply> AskAsync(Task<Reply> asking)
        {
            answers.Add((await asking).Text);
            return await asking;
        }

        var made = await AskAsync(Client.PostJsonAsync(endpoints, $$"""{"url":"http://127.0.0.1:9/","secret":"{{given}}"}"""));
        made.Status.ShouldBe(201);
        var endpoint = $"{endpoints}/{made.Id}";
        (await AskAsync(Client.GetJsonAsync(endpoint + "/secret")))["key"].GetString().ShouldBe(publicKey);
        (await AskAsync(Client.PostJsonAsync(endpoint + "/secret/rotate", $$"""{"key":"{{rotated}}"}"""))).Status.ShouldBe(204);
        (await AskAsync(Client.GetJsonAsync(endpoint + "/secret")))["key"].GetString().ShouldBe(rotatedPublicKey);
        foreach (var path in new[] { endpoint, endpoints, endpoint + "/headers" })
            (await AskAsync(Client.GetJsonAsync(path))).Status.ShouldBe(200);
        (await AskAsync(Client.PutJsonAsync(endpoint, $$"""{"url":"http://127.0.0.1:9/","secret":"{{given}}"}"""))).Status.ShouldBe(200);
        (await AskAsync(Client.PatchJsonAsync(endpoint, $$"""{"description":"x","secret":"{{given}}"}"""))).Status.ShouldBe(200);

        (await SecretAsync(endpoint)).ShouldBe(rotatedPublicKey);
        foreach (var secret in new[] { given, rotated })
            answers.ShouldAllBe(text => !text.Contains(PrivateHalf(secret)));
    }

    [Fact]
    public async Task The_public_half_of_a_pair_must_belong_to_its_private_half()
    {
        var (one, other) = (Convert.FromBase64String(NewPair().Given[5..]), Convert.FromBase64String(NewPair().Given[5..]));
        var mixed = "whsk_" + Convert.ToBase64String([.. one[..32], .. other[32..]]);
        var path = await NewApplicationAsync() + "/endpoint";
        var endpoint = await NewEndpointAsync();
        var before = await SecretAsync(endpoint);
        foreach (var (reply, field) in new[]
        {
            (await Client.PostJsonAsync(path, $$"""{"url":"http://127.0.0.1:9/","secret":"{{mixed}}"}"""), "secret"),
            (await Client.PutJsonAsync(path + "/new", $$"""{"url":"http://127.0.0.1:9/","secret":"{{mixed}}"}"""), "secret"),
            (await Client.PostJsonAsync(endpoint + "/secret/rotate", $$"""{"key":"{{mixed}}"}"""), "key"),
        })
        {
            reply.Status.ShouldBe(422);
            string.Join(',', reply.Faults).ShouldBe(field);
            reply.Text.ShouldContain("are not the public key that belongs to the first 32");
            reply.Text.ShouldNotContain(PrivateHalf(mixed));
        }
        (await SecretAsync(endpoint)).ShouldBe(before);
    }

    [Theory]
    [InlineData(75, 201), InlineData(76, 422)]
    public async Task A_symmetric_secret_has_at_most_75_bytes(int bytes, int status)
    {
        var secret = "whsec_" + Convert.ToBase64String(new byte[bytes]);
        (await Client.PostJsonAsync(await NewApplicationAsync() + "/endpoint", $$"""{"url":"http://127.0.0.1:9/","secret":"{{secret}}"}""")).Status.ShouldBe(status);
    }

    /// <summary>The test <c>secret_config</c> of Svix's own server.</summary>
    [Fact]
    public async Task Where_the_settings_say_so_secrets_that_are_made_here_are_asymmetric()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Delivery:SignatureType"] = "ed25519" });
        var made = await server.Client.PostJsonAsync("/api/v1/app/default/endpoint", """{"url":"http://127.0.0.1:9/"}""");
        var endpoint = $"/api/v1/app/default/endpoint/{made.Id}";
        async Task<string> KeyAsync() => (await server.Client.GetJsonAsync(endpoint + "/secret"))["key"].GetString()!;

        var first = await KeyAsync();
        first.ShouldMatch("^whpk_[A-Za-z0-9+/]{43}=$");
        (await server.Client.PostJsonAsync(endpoint + "/secret/rotate")).Status.ShouldBe(204);
        (await KeyAsync()).ShouldMatch("^whpk_[A-Za-z0-9+/]{43}=$");
        (await KeyAsync()).ShouldNotBe(first);
        (await server.Client.PostJsonAsync(endpoint + "/secret/rotate", $$"""{"key":"{{Custom}}"}""")).Status.ShouldBe(204);
        (await KeyAsync()).ShouldBe(Custom);
    }

    [Fact]
    public async Task An_eleventh_old_secret_is_too_many()
    {
        var endpoint = await NewEndpointAsync();
        for (var i = 0; i < 10; i++)
            (await Client.PostJsonAsync(endpoint + "/secret/rotate", "{}")).Status.ShouldBe(204);
        var current = await SecretAsync(endpoint);
        var refused = await Client.PostJsonAsync(endpoint + "/secret/rotate", "{}");
        refused.Status.ShouldBe(400);
        refused["code"].GetString().ShouldBe("limit_reached");
        (await SecretAsync(endpoint)).ShouldBe(current);
    }

    [Theory]
    [InlineData("""{"key":"whsec_c2hvcnQ="}""", "key")]
    [InlineData("""{"key":"whsk_c2hvcnQ="}""", "key")]
    [InlineData("""{"key":"whpk_c2hvcnQ="}""", "key")]
    [InlineData("""{"key":"nonsense"}""", "key")]
    [InlineData("""{"gracePeriodSeconds":604801}""", "gracePeriodSeconds")]
    [InlineData("""{"gracePeriodSeconds":-1,"key":""}""", "gracePeriodSeconds,key")]
    public async Task A_rotation_that_does_not_fit_is_refused_without_repeating_the_key(string body, string faults)
    {
        var reply = await Client.PostJsonAsync(await NewEndpointAsync() + "/secret/rotate", body);
        reply.Status.ShouldBe(422);
        string.Join(',', reply.Faults).ShouldBe(faults);
        reply.Text.ShouldNotContain("c2hvcnQ");
    }

    [Fact]
    public async Task Headers_are_set_merged_and_removed_and_credentials_are_not_shown()
    {
        var path = await NewEndpointAsync() + "/headers";
        (await Client.PutJsonAsync(path, """{"headers":{"X-One":"1","Authorization":"Bearer s3cret","X-Two":"2"}}""")).Status.ShouldBe(204);
        var read = await Client.GetJsonAsync(path);
        read["headers"].GetRawText().ShouldBe("""{"X-One":"1","X-Two":"2"}""");
        read["sensitive"].GetRawText().ShouldBe("""["Authorization"]""");

        (await Client.PatchJsonAsync(path, """{"headers":{"x-one":"eins","X-Three":"3","X-Two":null},"deleteHeaders":["authorization"]}""")).Status.ShouldBe(204);
        var merged = await Client.GetJsonAsync(path);
        merged["headers"].EnumerateObject().Select(header => $"{header.Name}={header.Value}").Order().ShouldBe(["X-Three=3", "x-one=eins"]);
        merged["sensitive"].GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Replacing_an_endpoint_leaves_its_headers_and_its_secret()
    {
        var endpoint = await NewEndpointAsync($$$"""{"url":"http://127.0.0.1:9/","headers":{"X-A":"b"},"secret":"{{{Custom}}}"}""");
        (await Client.PutJsonAsync(endpoint, """{"url":"http://127.0.0.1:9/new"}""")).Status.ShouldBe(200);
        (await Client.GetJsonAsync(endpoint + "/headers"))["headers"].GetRawText().ShouldBe("""{"X-A":"b"}""");
        (await SecretAsync(endpoint)).ShouldBe(Custom);
    }

    [Theory]
    [InlineData("X-A", "b\r\nX-Evil: 1")]
    [InlineData("X-A", "b\nX-Evil: 1")]
    [InlineData("X-A", "b\0")]
    [InlineData("X-A", "\u0436")]
    [InlineData("X-A\r\nX-Evil", "b")]
    [InlineData("X A", "b")]
    [InlineData("", "b")]
    [InlineData("X-\u0436", "b")]
    [InlineData("Host", "evil")]
    [InlineData("content-LENGTH", "5")]
    [InlineData("Transfer-Encoding", "chunked")]
    [InlineData("webhook-id", "msg_1")]
    [InlineData("Webhook-Signature", "v1,x")]
    [InlineData("svix-id", "1")]
    [InlineData("User-Agent", "x")]
    public async Task A_header_that_could_break_out_or_is_not_the_endpoints_to_set_is_refused(string name, string value)
    {
        var endpoint = await NewEndpointAsync();
        var body = JsonSerializer.Serialize(new { headers = new Dictionary<string, string> { [name] = value } });
        (await Client.PutJsonAsync(endpoint + "/headers", body)).Status.ShouldBe(422);
        (await Client.PatchJsonAsync(endpoint + "/headers", body)).Status.ShouldBe(422);
        (await Client.GetJsonAsync(endpoint + "/headers"))["headers"].EnumerateObject().ShouldBeEmpty();
    }

    private async Task<string> NewEndpointAsync(string body = """{"url":"http://127.0.0.1:9/"}""")
    {
        var endpoints = await NewApplicationAsync() + "/endpoint";
        var reply = await Client.PostJsonAsync(endpoints, body);
        reply.Status.ShouldBe(201);
        return $"{endpoints}/{reply.Id}";
    }

    private static (string Given, string Public) NewPair()
    {
        var pair = Ed25519.Generate();
        return ("whsk_" + Convert.ToBase64String(pair), "whpk_" + Convert.ToBase64String(pair[32..]));
    }

    // 40 of the 43 characters that say the 32 bytes: those that depend on nothing else, and that JSON does not write in another way.
    private static string PrivateHalf(string secret) => secret["whsk_".Length..][..40];

    private async Task<string> SecretAsync(string endpoint) => (await Client.GetJsonAsync(endpoint + "/secret"))["key"].GetString()!;
}
