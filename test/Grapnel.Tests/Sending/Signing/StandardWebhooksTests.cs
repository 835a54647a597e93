using CsCheck;
using Grapnel.Sending.Signing;

namespace Grapnel.Tests.Sending.Signing;

public sealed class StandardWebhooksTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_614_265_330);
    private static readonly Gen<byte[]> Keys = Gen.Byte.Array[24, 64];
    private static readonly Gen<byte[]> Bodies = Gen.Byte.Array[0, 2000];

    [Fact]
    public void The_signature_is_the_one_of_the_published_example()
    {
        var key = WebhookSecret.Parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        var signer = new StandardWebhooksSigner([new EndpointSecret(key, null)]);

        signer.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", Now, """{"test": 2432232314}"""u8)
            .ShouldBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    [Fact]
    public void What_is_signed_verifies_with_every_secret_in_force() => Gen.Select(Keys.Array[1, 12], Bodies).Sample((keys, body) =>
    {
        var signer = new StandardWebhooksSigner([.. keys.Select(k => new EndpointSecret(k, null))]);
        var signatures = signer.Sign("msg_1", Now, body);
        signatures.Split(' ').Length.ShouldBe(keys.Length);
        keys.ShouldAllBe(k => Verify(signatures, body, k));
        signer.Sign("msg_1", Now, body).ShouldBe(signatures);
    });

    [Fact]
    public void What_was_changed_does_not_verify() => Gen.Select(Keys, Gen.Byte.Array[1, 500], Gen.Int[0, 499], Gen.Byte[1, 255]).Sample((key, body, at, flip) =>
    {
        var signatures = new StandardWebhooksSigner([new EndpointSecret(key, null)]).Sign("msg_1", Now, body);
        body[at % body.Length] ^= flip;
        Verify(signatures, body, key).ShouldBeFalse();
    });

    [Fact]
    public void A_secret_signs_until_the_moment_it_expires()
    {
        var (current, old) = (WebhookSecret.Generate(), WebhookSecret.Generate());
        var signer = new StandardWebhooksSigner([new EndpointSecret(current, null), new EndpointSecret(old, Now)]);

        signer.Sign("msg_1", Now.AddTicks(-1), "{}"u8).Split(' ').Length.ShouldBe(2);
        signer.Sign("msg_1", Now, "{}"u8).Split(' ').Length.ShouldBe(1);
        Verify(signer.Sign("msg_1", Now, "{}"u8), "{}"u8.ToArray(), old).ShouldBeFalse();
        new StandardWebhooksSigner([new EndpointSecret(old, Now)]).Sign("msg_1", Now, "{}"u8).ShouldBeEmpty();
    }

    [Fact]
    public async Task Signing_at_the_same_time_gives_the_same_signature()
    {
        var signer = new StandardWebhooksSigner([new EndpointSecret(WebhookSecret.Generate(), null)]);
        var expected = signer.Sign("msg_1", Now, "{}"u8);

        var all = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
            Enumerable.Range(0, 500).Select(_ => signer.Sign("msg_1", Now, "{}"u8)).ToHashSet())));

        all.ShouldAllBe(signatures => signatures.SetEquals(new[] { expected }));
    }

    [Theory]
    [InlineData(-300, true), InlineData(300, true), InlineData(-301, false), InlineData(301, false)]
    public void A_timestamp_counts_within_five_minutes(int seconds, bool valid)
    {
        var signatures = new StandardWebhooksSigner([new EndpointSecret(SendFixture.Key, null)]).Sign("msg_1", Now, "{}"u8);
        Verify(signatures, "{}"u8.ToArray(), SendFixture.Key, now: Now.AddSeconds(seconds)).ShouldBe(valid);
    }

    [Theory]
    [InlineData(null), InlineData(""), InlineData("soon"), InlineData("-1614265330"), InlineData("1614265330.0"), InlineData(" 1614265330")]
    [InlineData("9223372036854775807"), InlineData("99999999999999999999")]
    public void A_timestamp_that_is_no_number_does_not_verify(string? timestamp)
    {
        var signatures = new StandardWebhooksSigner([new EndpointSecret(SendFixture.Key, null)]).Sign("msg_1", Now, "{}"u8);
        StandardWebhooksVerifier.Verify("msg_1", timestamp, signatures, "{}"u8, SendFixture.Key, Now).ShouldBeFalse();
    }

    [Theory]
    [InlineData(null), InlineData(""), InlineData("v1,"), InlineData("v1,AAAA"), InlineData("v1,not base64"), InlineData("v1a,{0}"), InlineData("V1,{0}")]
    [InlineData("{0}"), InlineData("v1,{0}x"), InlineData("v1,{0}{0}")]
    public void A_signature_in_another_shape_does_not_verify(string? shape)
    {
        var good = new StandardWebhooksSigner([new EndpointSecret(SendFixture.Key, null)]).Sign("msg_1", Now, "{}"u8)["v1,".Length..];
        Verify(shape?.Replace("{0}", good), "{}"u8.ToArray(), SendFixture.Key).ShouldBeFalse();
    }

    [Fact]
    public void Verifying_survives_any_header() => Gen.Select(Gen.String, Gen.String, Gen.String).Sample((id, timestamp, signatures) =>
        !StandardWebhooksVerifier.Verify(id, timestamp, signatures, "{}"u8, SendFixture.Key, Now));

    [Fact]
    public void An_id_of_any_characters_round_trips() => Gen.String[0, 256].Sample(id =>
    {
        var signatures = new StandardWebhooksSigner([new EndpointSecret(SendFixture.Key, null)]).Sign(id, Now, "{}"u8);
        return StandardWebhooksVerifier.Verify(id, "1614265330", signatures, "{}"u8, SendFixture.Key, Now);
    });

    private static bool Verify(string? signatures, byte[] body, byte[] key, DateTimeOffset? now = null) =>
        StandardWebhooksVerifier.Verify("msg_1", "1614265330", signatures, body, key, now ?? Now);
}
