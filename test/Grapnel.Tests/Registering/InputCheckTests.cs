using Grapnel.Registry;

namespace Grapnel.Tests.Registering;

public sealed class InputCheckTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("Order.created-2_x", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("a b", false)]
    [InlineData("a\r\nb", false)]
    [InlineData("a\0", false)]
    [InlineData("é", false)]
    public void A_key_has_letters_digits_dash_underscore_and_dot(string? text, bool fits) => InputCheck.IsKey(text).ShouldBe(fits);

    [Fact]
    public void A_key_has_at_most_256_characters()
    {
        InputCheck.IsKey(new string('a', 256)).ShouldBeTrue();
        InputCheck.IsKey(new string('a', 257)).ShouldBeFalse();
    }

    [Theory]
    [InlineData(4088, true)] // {"k":""} takes 8
    [InlineData(4089, false)]
    public void Metadata_is_measured_in_bytes_of_JSON(int length, bool fits)
    {
        var check = new InputCheck();
        check.Metadata(new Dictionary<string, string> { ["k"] = new string('x', length) });
        if (fits)
            check.ThrowIfAny();
        else
            Should.Throw<InvalidInputException>(check.ThrowIfAny).Errors.ShouldHaveSingleItem().Field.ShouldBe("metadata");
    }

    [Fact]
    public void A_uid_is_never_mistaken_for_an_id()
    {
        var check = new InputCheck();
        check.Uid<Application>("ep_fine-here");
        check.ThrowIfAny();
        check.Uid<Application>("app_mine");
        Should.Throw<InvalidInputException>(check.ThrowIfAny);
    }
}
