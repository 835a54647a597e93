using System.Text;
using System.Text.Json;
using Grapnel.Publishing.Schemas;

namespace Grapnel.Tests.Publishing;

public sealed class PayloadSchemaTests
{
    private static string Check(string schema, string payload)
    {
        using var json = JsonDocument.Parse(schema);
        SchemaRules.Fault(json.RootElement, @checked: true).ShouldBeNull();
        return string.Join(' ', new PayloadSchema(json.RootElement).Check(Encoding.UTF8.GetBytes(payload)).Select(fault => "$" + fault.Pointer));
    }

    [Theory]
    [InlineData("""{"const":{"a":1}}""", """{"a":1.0}""", "")]
    [InlineData("""{"enum":["a",null]}""", "1", "$")]
    [InlineData("""{"type":["integer","null"]}""", "1.0", "")]
    [InlineData("""{"type":"integer"}""", "1.5", "$")]
    [InlineData("""{"multipleOf":0.01}""", "4.35", "")]
    [InlineData("""{"exclusiveMaximum":9007199254740993}""", "9007199254740992", "")]
    [InlineData("""{"maxLength":1}""", "\"😀\"", "")]
    [InlineData("""{"items":{"type":"string"}}""", """["a",1,"b",2]""", "$/1 $/3")]
    [InlineData("""{"items":[{"type":"string"}],"additionalItems":false}""", """["a",1]""", "$/1")]
    [InlineData("""{"contains":{"const":1}}""", "[2]", "$")]
    [InlineData("""{"uniqueItems":true}""", """[{"a":1},{"a":1}]""", "$")]
    [InlineData("""{"properties":{"a":true},"patternProperties":{"^x-":{"type":"string"}},"additionalProperties":false}""", """{"a":1,"x-b":2,"c":3}""", "$/x-b $/c")]
    [InlineData("""{"propertyNames":{"maxLength":1}}""", """{"ab":1}""", "$")]
    [InlineData("""{"dependencies":{"a":["b"]}}""", """{"a":1}""", "$/b")]
    [InlineData("""{"if":{"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}}""", """{"a":1}""", "$/b")]
    [InlineData("""{"oneOf":[{"type":"number"},{"minimum":2}]}""", "3", "$")]
    [InlineData("""{"anyOf":[{"const":1},{"const":2}]}""", "3", "$")]
    [InlineData("""{"not":{"type":"null"}}""", "null", "$")]
    [InlineData("""{"$defs":{"node":{"properties":{"next":{"$ref":"#/$defs/node"}},"required":["v"]}},"$ref":"#/$defs/node"}""", """{"v":1,"next":{"v":1,"next":{}}}""", "$/next/next/v")]
    [InlineData("""{"properties":{"$ref":{"type":"string"},"pattern":{"pattern":"^a"},"enum":{"pattern":"^b"}}}""", """{"$ref":1,"pattern":"b","enum":"a"}""", "$/$ref $/pattern $/enum")]
    [InlineData("""{"properties":{"a/b":{"type":"string"}}}""", """{"a/b":1}""", "$/a~1b")]
    [InlineData("false", "1", "$")]
    public void A_payload_is_held_against_its_schema(string schema, string payload, string faults) => Check(schema, payload).ShouldBe(faults);

    [Theory]
    [InlineData("^(a+)+$")]
    [InlineData("^(a|a)*$")]
    [InlineData("^(.*a){20}$")]
    public void A_pattern_that_would_take_a_backtracking_matcher_years_is_answered_at_once(string pattern)
    {
        var text = new string('a', 50_000) + "!";
        Check($$"""{"pattern":"{{pattern}}"}""", $"\"{text}\"").ShouldBe("$");
    }

    [Theory]
    [InlineData("""{"$ref":"#"}""", "1")]
    [InlineData("""{"$defs":{"a":{"allOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}]}},"$ref":"#/$defs/a"}""", "1")]
    [InlineData("""{"anyOf":[{"properties":{"a":{"$ref":"#"}}},{"properties":{"a":{"$ref":"#"},"b":{"type":"null"}}},{"required":["no"]}],"required":["no"]}""", "DEEP")]
    public void A_schema_that_leads_in_circles_refuses_what_it_cannot_check(string schema, string payload)
    {
        var deep = string.Concat(Enumerable.Repeat("""{"a":""", 200)) + "1" + new string('}', 200);
        Check(schema, payload == "DEEP" ? deep : payload).ShouldBe("$");
    }

    [Theory]
    [InlineData("no json")]
    [InlineData("\"\\ud800\"")]
    public void What_is_no_text_does_not_fit(string payload) => Check("""{"minLength":1}""", payload).ShouldBe("$");

    [Fact]
    public void A_mebibyte_of_plain_records_is_checked_to_the_end()
    {
        var items = Enumerable.Range(0, 28_000).Select(n => new { id = n, price = n * 1.5, name = "abc" + n });
        Check("""{"properties":{"items":{"items":{"required":["id"],"properties":{"id":{"type":"integer","minimum":1},"name":{"type":"string"}}}}}}""",
            JsonSerializer.Serialize(new { items })).ShouldBe("$/items/0/id");
    }
}
