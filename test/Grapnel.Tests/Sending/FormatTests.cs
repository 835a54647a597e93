using System.Text;
using System.Text.Json;
using Grapnel.Sending;
using Grapnel.Sending.Formats;
using Grapnel.Sending.Signing;
using Grapnel.Testing;
using Grapnel.Tests.Sending.Signing;

namespace Grapnel.Tests.Sending;

/// <summary>What receivers make of the formats that they know, with the stock libraries for them.</summary>
public sealed class FormatTests
{
    private const string Payload = """{ "n": 1.0, "text": "caf\u00e9 \ud83d\ude00 a+b=c&d%20e" }""";
    private static readonly EndpointSecret Secret = WebhookSecret.Generate();

    [Theory]
    [InlineData(RequestFormat.Github)]
    [InlineData(RequestFormat.GithubForm)]
    public async Task Octokit_accepts_requests_in_GitHubs_style_and_refuses_them_under_another_secret(RequestFormat format)
    {
        var (request, delivery) = await SendAsync(format, Payload);

        var answers = await NodeScript.RunAsync("formats.mjs", Line("github", request, Secret), Line("github", request, WebhookSecret.Generate()));

        var seen = Json(answers[0]);
        seen.GetProperty("name").GetString().ShouldBe("order.created");
        seen.GetProperty("id").GetGuid().ShouldBe(new Guid(delivery.Message.Id.ToBytes(), bigEndian: true));
        JsonElement.DeepEquals(seen.GetProperty("payload"), Json(Payload)).ShouldBeTrue(answers[0]);
        answers[1].ShouldBe("fail: the signature is wrong");
    }

    [Fact]
    public async Task The_delivery_of_GitHubs_style_has_the_same_id_on_every_attempt()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture();
        var (endpoint, delivery) = (SendFixture.Endpoint(receiver.Url) with { Format = RequestFormat.Github }, SendFixture.Delivery("{}"u8.ToArray()));
        await fixture.SendAsync(endpoint, delivery);
        await fixture.SendAsync(endpoint, delivery);

        receiver.Requests.Select(request => request.Header("X-GitHub-Delivery")).Distinct().Count().ShouldBe(1);
    }

    [Fact]
    public async Task After_a_rotation_GitHubs_signature_is_by_the_newest_shared_secret()
    {
        var (newest, pair) = (WebhookSecret.Generate(), WebhookSecret.Generate(SignatureType.Ed25519));
        var old = Secret with { ExpiresAt = TimeProvider.System.GetUtcNow().AddHours(1) };
        var (rotated, _) = await SendAsync(RequestFormat.Github, Payload, newest, old);
        var (behindPair, _) = await SendAsync(RequestFormat.Github, Payload, pair, old);

        var answers = await NodeScript.RunAsync("formats.mjs", Line("github", rotated, newest), Line("github", rotated, Secret), Line("github", behindPair, Secret));

        answers.Select(answer => answer.StartsWith("fail", StringComparison.Ordinal)).ShouldBe([false, true, false]);
    }

    [Fact]
    public async Task The_SDK_of_CloudEvents_reads_binary_mode_with_the_body_as_it_was_published()
    {
        var (request, delivery) = await SendAsync(RequestFormat.CloudEvents, Payload);

        Encoding.UTF8.GetString(request.Body).ShouldBe(Payload);
        ShouldBeOf(delivery, Json((await NodeScript.RunAsync("formats.mjs", Line("cloudevents", request, Secret)))[0]));
    }

    [Fact]
    public async Task The_SDK_of_CloudEvents_reads_structured_mode_with_the_payload_inside_as_it_was_published()
    {
        var (request, delivery) = await SendAsync(RequestFormat.CloudEventsStructured, Payload);

        Encoding.UTF8.GetString(request.Body).ShouldEndWith($"\"data\":{Payload}}}");
        request.Header("Content-Type").ShouldBe("application/cloudevents+json; charset=utf-8");
        ShouldBeOf(delivery, Json((await NodeScript.RunAsync("formats.mjs", Line("cloudevents", request, Secret)))[0]));
    }

    [Theory]
    [InlineData("text/plain", "hello")]
    [InlineData("application/json", "{ not json")]
    [InlineData("application/json", "")]
    [InlineData("application/json", "{} {}")]
    public async Task What_is_no_JSON_travels_in_structured_mode_as_bytes(string contentType, string body)
    {
        var (request, _) = await SendAsync(RequestFormat.CloudEventsStructured, body, contentType);

        var cloudEvent = Json(Encoding.UTF8.GetString(request.Body));
        cloudEvent.GetProperty("datacontenttype").GetString().ShouldBe(contentType);
        cloudEvent.GetProperty("data_base64").GetBytesFromBase64().ShouldBe(Encoding.UTF8.GetBytes(body));
        cloudEvent.TryGetProperty("data", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task What_is_said_to_be_JSON_and_is_not_UTF_8_travels_in_structured_mode_as_bytes()
    {
        byte[] body = [.. "{\"name\":\"caf"u8, 0xE9, .. "\"}"u8];
        var (request, _) = await SendAsync(RequestFormat.CloudEventsStructured, body, "application/json; charset=iso-8859-1");

        Json(Encoding.UTF8.GetString(request.Body)).GetProperty("data_base64").GetBytesFromBase64().ShouldBe(body);
    }

    [Fact]
    public async Task Whatever_JSON_is_accepted_travels_in_structured_mode_as_JSON()
    {
        var deep = new string('[', 500) + new string(']', 500);
        var (request, _) = await SendAsync(RequestFormat.CloudEventsStructured, deep);

        Encoding.UTF8.GetString(request.Body).ShouldEndWith($"\"data\":{deep}}}");
    }

    // HTTP Protocol Binding 1.0.2, 3.1.3.2: whoever reads a header decodes it once.
    [Fact]
    public void A_source_comes_out_of_binary_mode_as_it_went_in()
    {
        const string Source = "https://shop.example/caf%C3%A9";
        var headers = new HttpRequestMessage().Headers;

        CloudEvent.AddHeaders(headers, SendFixture.Delivery("{}"u8.ToArray()).Message, Source);

        Uri.UnescapeDataString(headers.GetValues("ce-source").Single()).ShouldBe(Source);
    }

    [Fact]
    public async Task A_payload_that_is_a_CloudEvent_already_stays_as_it_is_in_structured_mode()
    {
        const string Event = """{"specversion":"1.0","id":"1","source":"urn:shop","type":"order.created"}""";
        var (request, _) = await SendAsync(RequestFormat.CloudEventsStructured, Event, "application/cloudevents+json");

        Encoding.UTF8.GetString(request.Body).ShouldBe(Event);
    }

    [Theory]
    [InlineData(RequestFormat.Github)]
    [InlineData(RequestFormat.GithubForm)]
    [InlineData(RequestFormat.CloudEvents)]
    [InlineData(RequestFormat.CloudEventsStructured)]
    public async Task In_every_format_the_signature_of_Standard_Webhooks_covers_the_body_that_is_sent(RequestFormat format)
    {
        var (request, delivery) = await SendAsync(format, Payload);

        request.Header("webhook-id").ShouldBe(delivery.Message.Id.ToString());
        var now = DateTimeOffset.FromUnixTimeSeconds(long.Parse(request.Header("webhook-timestamp")!));
        request.Header("webhook-signature").ShouldBe(new StandardWebhooksSigner([Secret]).Sign(request.Header("webhook-id")!, now, request.Body));
    }

    private static void ShouldBeOf(Delivery delivery, JsonElement seen)
    {
        (seen.GetProperty("id").GetString(), seen.GetProperty("type").GetString(), seen.GetProperty("source").GetString(), seen.GetProperty("specversion").GetString())
            .ShouldBe((delivery.Message.Id.ToString(), "order.created", "urn:grapnel", "1.0"));
        seen.GetProperty("time").GetDateTimeOffset().ShouldBe(delivery.Message.AcceptedAt);
        JsonElement.DeepEquals(seen.GetProperty("data"), Json(Payload)).ShouldBeTrue(seen.GetRawText());
    }

    private static Task<(ReceivedRequest, Delivery)> SendAsync(RequestFormat format, string body, params EndpointSecret[] secrets) =>
        SendAsync(format, body, "application/json", secrets);

    private static Task<(ReceivedRequest, Delivery)> SendAsync(RequestFormat format, string body, string contentType, params EndpointSecret[] secrets) =>
        SendAsync(format, Encoding.UTF8.GetBytes(body), contentType, secrets);

    private static async Task<(ReceivedRequest, Delivery)> SendAsync(RequestFormat format, byte[] body, string contentType, params EndpointSecret[] secrets)
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture();
        var delivery = SendFixture.Delivery(body, contentType);
        var endpoint = SendFixture.Endpoint(receiver.Url) with { Format = format, Secrets = secrets is [] ? [Secret] : secrets };
        (await fixture.SendAsync(endpoint, delivery)).Outcome.ShouldBe(SendOutcome.Success);
        return (await receiver.NextRequestAsync(), delivery);
    }

    private static string Line(string format, ReceivedRequest request, EndpointSecret secret) => JsonSerializer.Serialize(new
    {
        format,
        secret = ReceiverKey.Of(secret).ToText(),
        headers = request.Headers.ToDictionary(header => header.Key.ToLowerInvariant(), header => header.Value),
        bodyBase64 = Convert.ToBase64String(request.Body),
    });

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;
}
