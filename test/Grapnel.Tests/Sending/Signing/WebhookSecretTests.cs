using CsCheck;
using Grapnel.Sending.Signing;

namespace Grapnel.Tests.Sending.Signing;

public sealed class WebhookSecretTests
{
    /// <summary>The second key of RFC 8032, section 7.1.</summary>
    private const string Private = "whsk_TM0Imyj/ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U+4pvs9QBfD6EOJWpK3CqdNG368nJgszy7ElozAzVXxKvRmDA==";

    private const string Public = "whpk_PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=";

    [Fact]
    public void A_secret_of_24_to_75_bytes_reads_back_as_it_was_written() => Gen.Byte.Array[24, 75].Sample(key =>
    {
        var secret = WebhookSecret.Parse(Text("whsec_", key));
        return secret.Type == SignatureType.Hmac256 && secret.Key.SequenceEqual(key) && ReceiverKey.Of(secret).ToText() == Text("whsec_", key);
    });

    [Fact]
    public void Of_an_asymmetric_secret_the_receiver_is_told_the_public_key_alone()
    {
        var secret = WebhookSecret.Parse(Private);
        secret.Type.ShouldBe(SignatureType.Ed25519);
        secret.Key.ShouldBe(Convert.FromBase64String(Private["whsk_".Length..]));
        ReceiverKey.Of(secret).ToText().ShouldBe(Public);
        secret.ToString().ShouldNotContain("TM0Imyj");
    }

    [Fact]
    public void A_receiver_key_reads_back_as_it_was_written()
    {
        foreach (var secret in new[] { WebhookSecret.Generate(), WebhookSecret.Generate(SignatureType.Ed25519) })
        {
            var given = ReceiverKey.Of(secret);
            ReceiverKey.TryParse(given.ToText(), out var read, out _).ShouldBeTrue();
            (read!.Scheme, Convert.ToHexString(read.Bytes)).ShouldBe((given.Scheme, Convert.ToHexString(given.Bytes)));
        }
    }

    [Fact]
    public void A_new_secret_has_32_bytes_or_is_a_pair_that_fits_and_is_like_no_other()
    {
        WebhookSecret.Generate().Key.Length.ShouldBe(32);
        WebhookSecret.Generate().Key.ShouldNotBe(WebhookSecret.Generate().Key);
        var pair = WebhookSecret.Generate(SignatureType.Ed25519);
        WebhookSecret.Parse(Text("whsk_", pair.Key)).Type.ShouldBe(SignatureType.Ed25519);
        pair.Key.ShouldNotBe(WebhookSecret.Generate(SignatureType.Ed25519).Key);
    }

    [Theory]
    [InlineData("whsec_", 23, "24 to 75 bytes; this one has 23"), InlineData("whsec_", 76, "24 to 75 bytes; this one has 76"), InlineData("whsec_", 0, "24 to 75 bytes; this one has 0")]
    [InlineData("whsk_", 32, "64 bytes, the private key (seed) and then the public one, 32 each; here are 32")]
    [InlineData("whsk_", 63, "here are 63"), InlineData("whsk_", 65, "here are 65"), InlineData("whsk_", 0, "here are 0")]
    [InlineData("whsk_", 64, "are not the public key that belongs to the first 32")]
    public void The_length_of_a_secret_is_bounded_and_its_halves_belong_together(string prefix, int bytes, string message) =>
        Should.Throw<InvalidInputException>(() => WebhookSecret.Parse(Text(prefix, new byte[bytes])))
            .Errors.ShouldHaveSingleItem().Message.ShouldContain(message);

    [Fact]
    public void A_pair_in_which_any_bit_is_wrong_is_refused() => Gen.Int[0, 63].Select(Gen.Int[0, 7]).Sample((at, bit) =>
    {
        var pair = Convert.FromBase64String(Private["whsk_".Length..]);
        pair[at] ^= (byte)(1 << bit);
        return !WebhookSecret.TryParse(Text("whsk_", pair), out _, out _);
    });

    [Theory]
    [InlineData(null, "starts with"), InlineData("", "starts with"), InlineData("nonsense_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "starts with 'whsec_' or 'whsk_'")]
    [InlineData("whpk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "starts with"), InlineData("WHSK_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "starts with")]
    [InlineData("WHSEC_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "starts with"), InlineData("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "base64")]
    [InlineData("whsec_AAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAA", "base64"), InlineData("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-_", "base64")]
    [InlineData("whsk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "After 'whsk_' a secret is base64"), InlineData("whsk_AAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAA", "base64")]
    public void Anything_else_is_refused_and_never_repeated(string? text, string message)
    {
        var error = Should.Throw<InvalidInputException>(() => WebhookSecret.Parse(text, "key")).Errors.ShouldHaveSingleItem();
        error.Field.ShouldBe("key");
        error.Message.ShouldContain(message);
        error.Message.ShouldNotContain("AAAA");
    }

    [Theory]
    [InlineData("whsk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "starts with 'whsec_' or 'whpk_'"), InlineData("whpk_AAAA", "After 'whpk_' come 32 bytes; here are 3")]
    [InlineData("whpk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "base64"), InlineData("whsec_AAAA", "24 to 75 bytes")]
    public void A_receiver_key_that_does_not_fit_is_refused_and_never_repeated(string text, string message)
    {
        ReceiverKey.TryParse(text, out var key, out var error).ShouldBeFalse();
        key.ShouldBeNull();
        error.ShouldNotBeNull().ShouldContain(message);
        error.ShouldNotContain("AAAA");
    }

    private static string Text(string prefix, byte[] key) => prefix + Convert.ToBase64String(key);
}
