using System.Text;
using System.Text.Json;
using Grapnel.Publishing;
using Grapnel.Publishing.Filters;

namespace Grapnel.Tests.Publishing;

public sealed class PayloadFilterTests
{
    private const string Order =
        """
        {"type":"order.paid","amount":25.5,"id":9007199254740993,"vip":false,"none":null,"empty":[],"customer":{"country":"DE","tags":["new","b2b"]},
         "items":[{"sku":"a","qty":2},{"sku":"b","qty":0},{"sku":"c"}],"when":"2026-01-02T03:04:05+02:00","huge":1e400,"odd name":1}
        """;

    private static PayloadFilter Parse(string text)
    {
        PayloadFilter.TryParse(text, out var filter, out var error).ShouldBeTrue(error);
        return filter!;
    }

    private static bool Matches(string text, string payload)
    {
        using var json = PayloadFilter.ReadPayload(Encoding.UTF8.GetBytes(payload));
        return Parse(text).Matches(json!.RootElement);
    }

    [Theory]
    [InlineData("amount > `20` && amount < `30`", true)]
    [InlineData("amount > '20'", false)]
    [InlineData("vip", false)]
    [InlineData("!vip", true)]
    [InlineData("none", false)]
    [InlineData("empty", false)]
    [InlineData("missing.further", false)]
    [InlineData("customer.country == 'DE' || customer.country == 'AT'", true)]
    [InlineData("contains(customer.tags, 'b2b')", true)]
    [InlineData("items[?qty > `1`]", true)]
    [InlineData("items[?qty > `5`]", false)]
    [InlineData("items[?qty == `0`].sku | [0] == 'b'", true)]
    [InlineData("length(items) == `3`", true)]
    [InlineData("starts_with(type, 'order.')", true)]
    [InlineData("\"odd name\" == `1`", true)]
    [InlineData("max(items[].qty) == `2`", true)]
    [InlineData("sum(items[*].qty) >= `2`", true)]
    [InlineData("sort_by(items[?qty], &qty)[0].sku == 'b'", true)]
    [InlineData("[?a]", false)]
    [InlineData("@", true)]
    // Numbers and dates are what is written, not what some library makes of them.
    [InlineData("id == `9007199254740993`", true)]
    [InlineData("id == `9007199254740992`", false)]
    [InlineData("when == '2026-01-02T03:04:05+02:00'", true)]
    [InlineData("huge > `1`", true)]
    // What cannot be evaluated does not match.
    [InlineData("length(amount) == `3`", false)]
    [InlineData("abs(type)", false)]
    public void A_payload_passes_when_the_result_is_true(string filter, bool passes) => Matches(filter, Order).ShouldBe(passes);

    [Theory]
    [InlineData("a..b")]
    [InlineData("a b")]
    [InlineData("[?a")]
    [InlineData("'open")]
    [InlineData("`{`")]
    [InlineData("abs()")]
    [InlineData("abs(&a)")]
    [InlineData("sort_by(a, b)")]
    [InlineData("a[::0]")]
    [InlineData("&a")]
    [InlineData("a[99999999999]")]
    public void What_is_no_expression_is_told_apart(string text) => PayloadFilter.TryParse(text, out _, out _).ShouldBeFalse();

    [Fact]
    public void An_expression_has_at_most_4096_characters_and_300_levels()
    {
        PayloadFilter.TryParse(new string('a', 4096), out _, out _).ShouldBeTrue();
        PayloadFilter.TryParse(new string('a', 4097), out _, out _).ShouldBeFalse();
        PayloadFilter.TryParse(new string('(', 2000) + "a" + new string(')', 2000), out _, out _).ShouldBeFalse();
        PayloadFilter.TryParse(new string('!', 4000) + "a", out _, out _).ShouldBeFalse();
        PayloadFilter.TryParse("a" + string.Concat(Enumerable.Repeat(".a", 2000)), out _, out _).ShouldBeFalse();
        PayloadFilter.TryParse(string.Join("||", Enumerable.Repeat("a=='x'", 250)), out _, out _).ShouldBeTrue();
    }

    [Fact]
    public void A_payload_of_any_depth_and_any_text_is_survived()
    {
        Matches("to_string(@)", string.Concat(Enumerable.Repeat("[", 512)) + string.Concat(Enumerable.Repeat("]", 512))).ShouldBeTrue();
        PayloadFilter.ReadPayload(Encoding.UTF8.GetBytes(new string('[', 100_000))).ShouldBeNull();
        Matches("a == 'x'", """{"a":"\ud800"}""").ShouldBeFalse();
        Matches("keys(@)", """{"\ud800":1}""").ShouldBeFalse();
    }

    [Theory]
    [InlineData("[@,@][] | ", 140)]
    [InlineData("[@,@] | ", 200)]
    [InlineData("[*].[@,@][] | ", 100)]
    public void An_expression_that_doubles_its_value_again_and_again_ends_without_a_match(string part, int count)
    {
        var text = string.Concat(Enumerable.Repeat(part, count)) + "to_string(@)";
        using var json = PayloadFilter.ReadPayload(Encoding.UTF8.GetBytes("[" + string.Join(',', Enumerable.Range(0, 10_000)) + "]"));
        Should.Throw<StepsSpentException>(() => Parse(text).Evaluate(json!.RootElement));
        Parse(text).Matches(json!.RootElement).ShouldBeFalse();
    }

    [Fact]
    public void A_payload_of_a_mebibyte_can_be_filtered_by_its_elements()
    {
        var items = Enumerable.Range(0, 28_000).Select(n => new { id = n, price = n * 1.5, name = "abc" + n });
        var payload = JsonSerializer.Serialize(new { items });
        payload.Length.ShouldBeGreaterThan(1 << 20);
        Matches("items[?price > `41000` && ends_with(name, '9')] | length(@) > `10`", payload).ShouldBeTrue();
    }
}
