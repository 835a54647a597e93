using CsCheck;
using Grapnel.Sending.Signing;

namespace Grapnel.Tests.Sending.Signing;

public sealed class StandardWebhooksTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_614_265_330);
    private static readonly Gen<EndpointSecret> Secrets = Gen.OneOf(
        Gen.Byte.Array[24, 75].Select(key => new EndpointSecret(key, null)), Gen.Byte.Select(_ => WebhookSecret.Generate(SignatureType.Ed25519)));

    private static readonly ReceiverKey Key = ReceiverKey.Of(new EndpointSecret(SendFixture.Key, null));
    private static readonly Gen<byte[]> Bodies = Gen.Byte.Array[0, 2000];

    [Fact]
    public void The_signature_is_the_one_of_the_published_example()
    {
        var signer = new StandardWebhooksSigner([WebhookSecret.Parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]);

        signer.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", Now, """{"test": 2432232314}"""u8)
            .ShouldBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    /// <summary>Computed by the crypto module of Node.js, with the second key of RFC 8032, section 7.1.</summary>
    [Fact]
    public void The_asymmetric_signature_is_the_one_that_others_compute()
    {
        var secret = WebhookSecret.Parse("whsk_TM0Imyj/ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U+4pvs9QBfD6EOJWpK3CqdNG368nJgszy7ElozAzVXxKvRmDA==");

        new StandardWebhooksSigner([secret]).Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", Now, """{"test": 2432232314}"""u8)
            .ShouldBe("v1a,7anDmyOh9LNskt5GJUTacHmbvyUkT0/S1jnxFAp+h2hcVXnQLWhtWA2+wP6vO0AUwEYP23IIZVuneGRhNj7hDQ==");
    }

    [Fact]
    public void A_header_full_of_signatures_costs_no_more_than_a_few_looks_at_the_body()
    {
        var looks = 0;
        var key = ReceiverKey.Of(WebhookSecret.Generate(SignatureType.Ed25519));
        var signatures = string.Join(' ', Enumerable.Repeat("v1a," + Convert.ToBase64String(new byte[64]), 300));

        var finding = SignatureCheck.Find("msg_1", $"{Now.ToUnixTimeSeconds()}", signatures, "{}"u8, [key], Now, SignatureCheck.DefaultTolerance, (_, _, _) => looks++ < 0);

        (finding, looks).ShouldBe((SignatureFinding.NoMatch, SignatureCheck.MaxSignatures));
    }

    [Fact]
    public void What_is_signed_verifies_with_every_secret_in_force() => Gen.Select(Secrets.Array[1, 12], Bodies).Sample((secrets, body) =>
    {
        var signer = new StandardWebhooksSigner(secrets);
        var signatures = signer.Sign("msg_1", Now, body);
        signatures.Split(' ').Select(signature => signature.Split(',')[0])
            .ShouldBe(secrets.Select(secret => secret.Type == SignatureType.Ed25519 ? "v1a" : "v1"));
        secrets.ShouldAllBe(secret => Verify(signatures, body, secret));
        signer.Sign("msg_1", Now, body).ShouldBe(signatures);
    });

    [Fact]
    public void What_another_secret_signed_does_not_verify() => Gen.Select(Secrets, Secrets, Bodies).Sample((one, other, body) =>
        !Verify(new StandardWebhooksSigner([one]).Sign("msg_1", Now, body), body, other));

    [Fact]
    public void The_same_bytes_sign_in_one_way_as_a_symmetric_secret_and_in_another_as_a_pair()
    {
        var pair = WebhookSecret.Generate(SignatureType.Ed25519);
        var symmetric = new EndpointSecret(pair.Key, null);
        var signatures = new StandardWebhooksSigner([pair, symmetric]).Sign("msg_1", Now, default).Split(' ');

        (Verify(signatures[0], [], pair), Verify(signatures[1], [], symmetric)).ShouldBe((true, true));
        (Verify(signatures[1], [], pair), Verify(signatures[0], [], symmetric)).ShouldBe((false, false));
        Verify(signatures[0].Replace("v1a,", "v1,"), [], pair).ShouldBeFalse();
    }

    [Fact]
    public void Signing_with_symmetric_secrets_allocates_nothing_but_the_text()
    {
        const int times = 1000;
        var signer = new StandardWebhooksSigner([new EndpointSecret(SendFixture.Key, null), new EndpointSecret(SendFixture.Key, null)]);
        var body = new byte[400];
        var length = signer.Sign("msg_1", Now, body).Length;
        long Measure(Func<string> make)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < times; i++)
                make();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Measure(() => signer.Sign("msg_1", Now, body)).ShouldBe(Measure(() => new string('x', length)));
    }

    [Fact]
    public void What_was_changed_does_not_verify() => Gen.Select(Secrets, Gen.Byte.Array[1, 500], Gen.Int[0, 499], Gen.Byte[1, 255]).Sample((secret, body, at, flip) =>
    {
        var signatures = new StandardWebhooksSigner([secret]).Sign("msg_1", Now, body);
        body[at % body.Length] ^= flip;
        Verify(signatures, body, secret).ShouldBeFalse();
    });

    [Theory]
    [InlineData(SignatureType.Hmac256), InlineData(SignatureType.Ed25519)]
    public void A_secret_signs_until_the_moment_it_expires(SignatureType type)
    {
        var (current, old) = (WebhookSecret.Generate(type), WebhookSecret.Generate(type) with { ExpiresAt = Now });
        var signer = new StandardWebhooksSigner([current, old]);

        signer.Sign("msg_1", Now.AddTicks(-1), "{}"u8).Split(' ').Length.ShouldBe(2);
        signer.Sign("msg_1", Now, "{}"u8).Split(' ').Length.ShouldBe(1);
        Verify(signer.Sign("msg_1", Now, "{}"u8), "{}"u8.ToArray(), old).ShouldBeFalse();
        new StandardWebhooksSigner([old]).Sign("msg_1", Now, "{}"u8).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(SignatureType.Hmac256), InlineData(SignatureType.Ed25519)]
    public async Task Signing_at_the_same_time_gives_the_same_signature(SignatureType type)
    {
        var signer = new StandardWebhooksSigner([WebhookSecret.Generate(type)]);
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
        Verify(signatures, "{}"u8.ToArray(), new EndpointSecret(SendFixture.Key, null), now: Now.AddSeconds(seconds)).ShouldBe(valid);
    }

    [Theory]
    [InlineData(null), InlineData(""), InlineData("soon"), InlineData("-1614265330"), InlineData("1614265330.0"), InlineData(" 1614265330")]
    [InlineData("9223372036854775807"), InlineData("99999999999999999999")]
    public void A_timestamp_that_is_no_number_does_not_verify(string? timestamp)
    {
        var signatures = new StandardWebhooksSigner([new EndpointSecret(SendFixture.Key, null)]).Sign("msg_1", Now, "{}"u8);
        StandardWebhooksVerifier.Verify("msg_1", timestamp, signatures, "{}"u8, Key, Now).ShouldBeFalse();
    }

    [Theory]
    [InlineData(null), InlineData(""), InlineData("v1,"), InlineData("v1,AAAA"), InlineData("v1,not base64"), InlineData("v1a,{0}"), InlineData("V1,{0}")]
    [InlineData("{0}"), InlineData("v1,{0}x"), InlineData("v1,{0}{0}")]
    public void A_signature_in_another_shape_does_not_verify(string? shape)
    {
        var good = new StandardWebhooksSigner([new EndpointSecret(SendFixture.Key, null)]).Sign("msg_1", Now, "{}"u8)["v1,".Length..];
        Verify(shape?.Replace("{0}", good), "{}"u8.ToArray(), new EndpointSecret(SendFixture.Key, null)).ShouldBeFalse();
    }

    [Theory]
    [InlineData(null), InlineData(""), InlineData("v1a,"), InlineData("v1a,AAAA"), InlineData("v1a,not base64"), InlineData("v1,{0}"), InlineData("V1A,{0}")]
    [InlineData("{0}"), InlineData("v1a,{0}x"), InlineData("v1a,{0}{0}")]
    public void An_asymmetric_signature_in_another_shape_does_not_verify(string? shape)
    {
        var secret = WebhookSecret.Generate(SignatureType.Ed25519);
        var good = new StandardWebhooksSigner([secret]).Sign("msg_1", Now, "{}"u8)["v1a,".Length..];
        Verify("v1a," + good, "{}"u8.ToArray(), secret).ShouldBeTrue();
        Verify(shape?.Replace("{0}", good), "{}"u8.ToArray(), secret).ShouldBeFalse();
    }

    [Fact]
    public void Verifying_survives_any_header() => Gen.Select(Gen.String, Gen.String, Gen.String).Sample((id, timestamp, signatures) =>
        !StandardWebhooksVerifier.Verify(id, timestamp, signatures, "{}"u8, Key, Now));

    [Fact]
    public void An_id_of_any_characters_round_trips() => Gen.Select(Gen.String[1, 256], Secrets).Sample((id, secret) =>
    {
        var signatures = new StandardWebhooksSigner([secret]).Sign(id, Now, "{}"u8);
        return StandardWebhooksVerifier.Verify(id, "1614265330", signatures, "{}"u8, ReceiverKey.Of(secret), Now);
    });

    private static bool Verify(string? signatures, byte[] body, EndpointSecret secret, DateTimeOffset? now = null) =>
        StandardWebhooksVerifier.Verify("msg_1", "1614265330", signatures, body, ReceiverKey.Of(secret), now ?? Now);
}
