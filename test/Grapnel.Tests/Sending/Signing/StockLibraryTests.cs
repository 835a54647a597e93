using System.Text;
using System.Text.Json;
using Grapnel.Sending.Signing;
using Grapnel.Testing;

namespace Grapnel.Tests.Sending.Signing;

/// <summary>
/// What a receiver sees who does nothing but follow the Standard Webhooks documentation: the stock library, run by Node.js, and where that does not
/// know asymmetric signatures, Node.js itself.
/// </summary>
public sealed class StockLibraryTests
{
    private static readonly EndpointSecret OldKey = WebhookSecret.Generate();
    private static readonly EndpointSecret NewKey = WebhookSecret.Generate();

    [Fact]
    public async Task Signatures_verify_with_the_stock_library_through_rotation_and_expiry()
    {
        var now = TimeProvider.System.GetUtcNow();
        var single = new[] { NewKey };
        var overlap = new[] { NewKey, OldKey with { ExpiresAt = now.AddHours(1) } };
        var expired = new[] { NewKey, OldKey with { ExpiresAt = now.AddHours(-1) } };

        var received = await SendAllAsync(
            (single, """{"a":1}"""), (single, "\"caf\u00e9 \ud83d\ude00\""), (single, " { } "), (overlap, "{}"), (expired, "{}"), (single, Long()));

        var answers = await VerifyAsync(
            Check(received[0], NewKey), Check(received[1], NewKey), Check(received[2], NewKey), Check(received[5], NewKey),
            Check(received[3], NewKey), Check(received[3], OldKey), Check(received[4], NewKey),
            Check(received[4], OldKey), Check(received[0], OldKey), Check(received[0] with { Body = "{}"u8.ToArray() }, NewKey));

        answers[..7].ShouldAllBe(a => a == "ok");
        answers[7..].ShouldBe(Enumerable.Repeat("fail: No matching signature found", 3));
    }

    [Fact]
    public async Task Symmetric_and_asymmetric_signatures_verify_side_by_side_and_each_with_its_own_key_only()
    {
        var (pair, other) = (WebhookSecret.Generate(SignatureType.Ed25519), WebhookSecret.Generate(SignatureType.Ed25519));
        var soon = TimeProvider.System.GetUtcNow().AddHours(1);

        var received = await SendAllAsync(
            ([pair], """{"a":1}"""), ([pair], "\"caf\u00e9 \ud83d\ude00\""), ([pair], Long()), ([pair, NewKey with { ExpiresAt = soon }], "{}"),
            ([OldKey, pair with { ExpiresAt = soon }, NewKey with { ExpiresAt = soon }], "{}"));

        received.Select(request => string.Join(' ', request.Header("webhook-signature")!.Split(' ').Select(one => one.Split(',')[0])))
            .ShouldBe(["v1a", "v1a", "v1a", "v1a v1", "v1 v1a v1"]);
        var answers = await VerifyAsync(
            Check(received[0], pair), Check(received[1], pair), Check(received[2], pair), Check(received[3], pair), Check(received[3], NewKey),
            Check(received[4], OldKey), Check(received[4], pair), Check(received[4], NewKey),
            Check(received[3], OldKey), Check(received[3], other), Check(received[0] with { Body = "{}"u8.ToArray() }, pair));
        answers[..8].ShouldAllBe(a => a == "ok");
        answers[8..].ShouldBe(Enumerable.Repeat("fail: No matching signature found", 3));
    }

    private static string Long() => JsonSerializer.Serialize(Enumerable.Range(0, 50_000));

    private static async Task<ReceivedRequest[]> SendAllAsync(params (EndpointSecret[] Secrets, string Body)[] sendings)
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture();
        foreach (var (secrets, body) in sendings)
            await fixture.SendAsync(
                SendFixture.Endpoint(receiver.Url) with { Secrets = secrets }, SendFixture.Delivery(Encoding.UTF8.GetBytes(body)));
        return [.. receiver.Requests];
    }

    private static string Check(ReceivedRequest request, EndpointSecret key) => JsonSerializer.Serialize(new
    {
        secret = ReceiverKey.Of(key).ToText(),
        id = request.Header("webhook-id"),
        timestamp = request.Header("webhook-timestamp"),
        signature = request.Header("webhook-signature"),
        bodyBase64 = Convert.ToBase64String(request.Body),
    });

    private static Task<string[]> VerifyAsync(params string[] lines) => NodeScript.RunAsync("verify.mjs", lines);
}
