using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Grapnel.Server.Hosting;
using Grapnel.Server.Tests.Support;
using Grapnel.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Grapnel.Server.Tests.Auth;

/// <summary>Tokens that the operator signs himself. Made by hand here, so that forgeries can be as well.</summary>
public sealed class SignedTokenTests : IAsyncLifetime
{
    // Long enough for HS512, so that it is not for its length that such a token is refused.
    private const string Secret = "a-secret-of-the-operator-that-would-do-for-every-algorithm-there-is-up-to-512-bits";
    private const string Hs256 = """{"alg":"HS256","typ":"JWT"}""";
    private const string WholeInstallation = """{"sub":"org_23rb8YdGqMT0qIzpgGwdXfHirMu","iss":"svix-server","iat":1893456000,"nbf":1893456000,"exp":2208988800}""";
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeSeconds(1_893_456_000));
    private TestServer _server = null!;
    private string _application = "";

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync(
            new Dictionary<string, string?> { ["Auth:JwtSecret"] = Secret }, services => services.AddSingleton<TimeProvider>(_time));
        _application = (await _server.Client.PostJsonAsync("/api/v1/app", """{"name":"Acme","uid":"acme"}""")).Id;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_token_for_an_organisation_may_do_everything()
    {
        var token = Sign(Hs256, WholeInstallation);
        (await AskAsync(token, "/api/v1/app"), await AskAsync(token, "/api/v1/api-key"), await AskAsync(token, "/api/v1/app/acme")).ShouldBe((200, 200, 200));
        using var client = _server.CreateClient(token);
        (await client.PostJsonAsync("/api/v1/app/acme/msg", """{"eventType":"a","payload":{}}""")).Status.ShouldBe(202);
    }

    [Theory]
    [InlineData("acme")]
    [InlineData("")]
    public async Task A_token_for_an_application_by_id_or_uid_is_for_that_application(string uid)
    {
        var token = Sign(Hs256, $$"""{"org":"org_x","sub":"{{(uid.Length > 0 ? uid : _application)}}"}""");
        (await AskAsync(token, "/api/v1/app/acme"), await AskAsync(token, $"/api/v1/app/{_application}")).ShouldBe((200, 200));
        (await AskAsync(token, "/api/v1/app/default"), await AskAsync(token, "/api/v1/app")).ShouldBe((404, 403));
    }

    [Fact]
    public async Task Application_tokens_are_signed_with_the_same_secret()
    {
        var parts = (await _server.Client.PostJsonAsync("/api/v1/auth/app-portal-access/acme"))["token"].GetString()!.Split('.');
        parts[2].ShouldBe(Signature($"{parts[0]}.{parts[1]}"));
    }

    [Fact]
    public async Task Expire_all_ends_tokens_that_live_for_years_and_stays_in_force()
    {
        var token = Sign(Hs256, $$"""{"org":"org_x","sub":"acme","iat":1893456000}""");
        await _server.Client.PostJsonAsync("/api/v1/auth/app/acme/expire-all");
        (await AskAsync(token, "/api/v1/app/acme")).ShouldBe(401);

        // The clock is set, not advanced: every tick of every timer would be run, and eight years have 259 million seconds.
        _time.AdjustTime(_time.GetUtcNow() + TimeSpan.FromDays(3000));

        (await AskAsync(token, "/api/v1/app/acme")).ShouldBe(401);
        // What a restart would read: memory may not have forgotten yet.
        (await _server.Get<ICatalogStore>().ReadTokenRevocationsAsync(_time.GetUtcNow(), default)).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_token_holds_from_its_beginning_to_its_end_and_no_longer()
    {
        var token = Sign(Hs256, """{"sub":"org_x","nbf":1893456010,"exp":1893456020}""");
        (await AskAsync(token)).ShouldBe(401);
        _time.Advance(TimeSpan.FromSeconds(10));
        (await AskAsync(token)).ShouldBe(200);
        _time.Advance(TimeSpan.FromSeconds(10));
        (await AskAsync(token)).ShouldBe(401);
    }

    private static Dictionary<string, string> Forgeries() => new()
    {
        ["no algorithm"] = Encode("""{"alg":"none","typ":"JWT"}""") + "." + Encode(WholeInstallation) + ".",
        ["no algorithm, otherwise spelt"] = Encode("""{"alg":"nOnE"}""") + "." + Encode(WholeInstallation) + ".",
        ["no algorithm, with a signature"] = Sign("""{"alg":"none"}""", WholeInstallation),
        ["no signature"] = Encode(Hs256) + "." + Encode(WholeInstallation) + ".",
        ["the header of HS512"] = Sign("""{"alg":"HS512"}""", WholeInstallation),
        ["really HS512"] = SignWith("""{"alg":"HS512"}""", WholeInstallation, data => HMACSHA512.HashData(Encoding.UTF8.GetBytes(Secret), data)),
        ["really HS384"] = SignWith("""{"alg":"HS384"}""", WholeInstallation, data => HMACSHA384.HashData(Encoding.UTF8.GetBytes(Secret), data)),
        ["the header of RS256"] = Sign("""{"alg":"RS256"}""", WholeInstallation),
        ["no algorithm named"] = Sign("""{"typ":"JWT"}""", WholeInstallation),
        ["another secret"] = SignWith(Hs256, WholeInstallation, data => HMACSHA256.HashData(new byte[32], data)),
        ["a key that it brings along"] = SignWith("""{"alg":"HS256","jwk":{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}""", WholeInstallation, data => HMACSHA256.HashData(new byte[32], data)),
        ["other claims"] = Sign(Hs256, """{"sub":"org_y"}""").Split('.') is [var head, _, var signature] ? $"{head}.{Encode(WholeInstallation)}.{signature}" : "",
        ["an empty key"] = SignWith(Hs256, WholeInstallation, data => HMACSHA256.HashData(Array.Empty<byte>(), data)),
        ["no subject"] = Sign(Hs256, """{"exp":2208988800}"""),
        ["an application as subject, no organisation"] = Sign(Hs256, """{"sub":"acme"}"""),
        ["an application that is not there"] = Sign(Hs256, """{"org":"org_x","sub":"nobody"}"""),
        ["an end that is no time"] = Sign(Hs256, """{"sub":"org_x","exp":"never"}"""),
        ["capabilities that are no list"] = Sign(Hs256, """{"org":"org_x","sub":"acme","capabilities":{"ViewBase":true}}"""),
        ["no JSON"] = Sign(Hs256, "claims"),
        ["encrypted"] = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAA.AAAA.AAAA",
        ["three dots"] = Sign(Hs256, WholeInstallation) + ".x",
    };

    [Fact]
    public async Task A_forgery_is_refused()
    {
        (await AskAsync(Sign(Hs256, WholeInstallation))).ShouldBe(200);
        foreach (var (what, token) in Forgeries())
            (await AskAsync(token, "/api/v1/app/acme")).ShouldBe(401, what);
    }

    [Fact]
    public async Task Whoever_shows_the_secret_itself_is_told_so()
    {
        using var client = _server.CreateClient(Secret);
        var refused = await client.GetJsonAsync("/api/v1/app");
        refused.Status.ShouldBe(401);
        refused["detail"].GetString()!.ShouldContain("secret that tokens are signed with");
    }

    [Fact]
    public async Task Without_a_secret_of_the_operator_his_tokens_are_unknown()
    {
        await using var server = await TestServer.StartAsync();
        using var client = server.CreateClient(Sign(Hs256, WholeInstallation));
        (await client.GetJsonAsync("/api/v1/app")).Status.ShouldBe(401);
    }

    [Fact]
    public async Task A_secret_that_is_too_short_keeps_the_server_from_starting() =>
        (await Should.ThrowAsync<SettingsException>(() => TestServer.StartAsync(new Dictionary<string, string?> { ["Auth:JwtSecret"] = Secret[..31] })))
            .Errors.ShouldBe(["Auth:JwtSecret: must have at least 32 bytes."]);

    private async Task<int> AskAsync(string token, string path = "/api/v1/app")
    {
        using var client = _server.CreateClient(key: null);
        return (await client.SendAsync(HttpMethod.Get, path, headers: ("Authorization", "Bearer " + token))).Status;
    }

    private static string Sign(string header, string claims) =>
        SignWith(header, claims, data => HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), data));

    private static string SignWith(string header, string claims, Func<byte[], byte[]> sign)
    {
        var signed = Encode(header) + "." + Encode(claims);
        return signed + "." + Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(signed)));
    }

    private static string Signature(string signed) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.ASCII.GetBytes(signed)));

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}
