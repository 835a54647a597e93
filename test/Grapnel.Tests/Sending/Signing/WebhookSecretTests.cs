using CsCheck;
using Grapnel.Sending.Signing;

namespace Grapnel.Tests.Sending.Signing;

public sealed class WebhookSecretTests
{
    [Fact]
    public void A_secret_of_24_to_64_bytes_reads_back_as_it_was_written() => Gen.Byte.Array[24, 64].Sample(key =>
        WebhookSecret.Parse(WebhookSecret.Format(key)).SequenceEqual(key));

    [Fact]
    public void A_new_secret_has_32_bytes_and_is_like_no_other()
    {
        WebhookSecret.Generate().Length.ShouldBe(32);
        WebhookSecret.Generate().ShouldNotBe(WebhookSecret.Generate());
    }

    [Theory]
    [InlineData(23, "24 to 64 bytes; this one has 23"), InlineData(65, "24 to 64 bytes; this one has 65"), InlineData(0, "24 to 64 bytes; this one has 0")]
    public void The_length_of_a_secret_is_bounded(int bytes, string message) =>
        Should.Throw<InvalidInputException>(() => WebhookSecret.Parse(WebhookSecret.Format(new byte[bytes])))
            .Errors.ShouldHaveSingleItem().Message.ShouldContain(message);

    [Theory]
    [InlineData(null, "starts with"), InlineData("", "starts with"), InlineData("whsk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "starts with")]
    [InlineData("WHSEC_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "starts with"), InlineData("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "base64")]
    [InlineData("whsec_AAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAA", "base64"), InlineData("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-_", "base64")]
    public void Anything_else_is_refused_and_never_repeated(string? text, string message)
    {
        var error = Should.Throw<InvalidInputException>(() => WebhookSecret.Parse(text, "key")).Errors.ShouldHaveSingleItem();
        error.Field.ShouldBe("key");
        error.Message.ShouldContain(message);
        error.Message.ShouldNotContain("AAAA");
    }
}
