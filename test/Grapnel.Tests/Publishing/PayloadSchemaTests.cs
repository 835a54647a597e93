using System.Text;
using System.Text.Json;
using Grapnel.Publishing;
using Grapnel.Publishing.Schemas;

namespace Grapnel.Tests.Publishing;

public sealed class PayloadSchemaTests
{
    private static string Check(string schema, string payload)
    {
        using var json = JsonDocument.Parse(schema);
        SchemaDraft.Of(json.RootElement)!.FaultOf(json.RootElement).ShouldBeNull();
        return string.Join(' ', PayloadSchema.Read(json.RootElement).Check(Encoding.UTF8.GetBytes(payload)).Select(fault => "$" + fault.Pointer));
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
    [InlineData("""{"propertyNames":{"maxLength":1}}""", """{"ab":1}""", "$/ab")]
    [InlineData("""{"dependencies":{"a":["b"]}}""", """{"a":1}""", "$")]
    [InlineData("""{"dependentRequired":{"a":["b"]}}""", """{"a":1}""", "$")]
    [InlineData("""{"allOf":[{"properties":{"a":true}}],"unevaluatedProperties":false}""", """{"a":1,"b":2}""", "$/b")]
    [InlineData("""{"prefixItems":[true,{"type":"string"}],"$schema":"https://json-schema.org/draft/2020-12/schema"}""", "[1,2]", "$/1")]
    [InlineData("""{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"a":{"type":"string"}},"items":[{"$ref":"#/definitions/a"}]}""", "[1]", "$/0")]
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
    [InlineData("""{"pattern":"^x$"}""", "\"y\"", "must match the pattern \"^x$\"")]
    [InlineData("""{"enum":["a",1]}""", "2", "must be one of [\"a\",1]")]
    [InlineData("""{"type":"string"}""", "2", "must be of the type \"string\"")]
    [InlineData("""{"anyOf":[{"type":"string"},{"required":["b"]}]}""", "{}", "fits none of the alternatives: must be of the type \"string\", or is required")]
    [InlineData("""{"required":["b"]}""", "{}", "is required")]
    [InlineData("false", "1", "is not allowed")]
    public void A_fault_tells_what_would_fit(string schema, string payload, string message)
    {
        using var json = JsonDocument.Parse(schema);
        PayloadSchema.Read(json.RootElement).Check(Encoding.UTF8.GetBytes(payload)).ShouldHaveSingleItem().Message.ShouldBe(message);
    }

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
    [InlineData("""{"$defs":{"a":{"allOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}]}},"$ref":"#/$defs/a"}""", "1")]
    [InlineData("""{"anyOf":[{"properties":{"a":{"$ref":"#"}}},{"properties":{"a":{"$ref":"#"},"b":{"type":"null"}}},{"required":["no"]}],"required":["no"]}""", "DEEP")]
    public void A_schema_that_leads_in_circles_refuses_what_it_cannot_check(string schema, string payload)
    {
        var deep = string.Concat(Enumerable.Repeat("""{"a":""", 200)) + "1" + new string('}', 200);
        Check(schema, payload == "DEEP" ? deep : payload).ShouldBe("$");
    }

    [Fact]
    public void A_chain_of_references_longer_than_the_stack_is_survived()
    {
        var links = string.Join(',', Enumerable.Range(0, 2_500).Select(n => $"\"{n}\":{{\"allOf\":[{{\"$ref\":\"#/$defs/{n + 1}\"}}]}}"));
        Check($"{{\"$defs\":{{{links},\"2500\":{{}}}},\"$ref\":\"#/$defs/0\"}}", "1").ShouldBe("$");
    }

    [Fact]
    public void A_schema_too_large_to_be_followed_is_refused()
    {
        using var json = JsonDocument.Parse($"{{\"description\":\"{new string('a', 256 << 10)}\"}}");
        Should.Throw<SchemaException>(() => PayloadSchema.Read(json.RootElement)).Message.ShouldContain("262144 bytes");
    }

    [Theory]
    [InlineData(SchemaValidation.Enforce, true)]
    [InlineData(SchemaValidation.Warn, false)]
    public void A_stored_schema_that_can_no_longer_be_used_is_a_fault_of_every_payload(SchemaValidation validation, bool refuses)
    {
        var check = new PayloadCheck(new EventType
        {
            Name = "order.created", Description = "", Schemas = """{"1":{"prefixItems":[true]}}""", Validation = validation,
            CreatedAt = default, UpdatedAt = default,
        });
        check.Refuses.ShouldBe(refuses);
        check.Faults("{}"u8.ToArray()).ShouldHaveSingleItem().Message.ShouldContain("'order.created'");
    }

    [Theory]
    [InlineData("no json")]
    [InlineData("\"\\ud800\"")]
    public void What_is_no_text_does_not_fit(string payload) => Check("""{"minLength":1}""", payload).ShouldBe("$");

    [Fact]
    public void A_mebibyte_of_plain_records_is_checked_to_the_end()
    {
        var items = Enumerable.Range(0, 28_000).Select(n => new { id = n, price = n * 1.5, name = "abc" + n });
        Check("""{"properties":{"items":{"items":{"required":["id"],"properties":{"id":{"type":"integer","minimum":1},"name":{"$ref":"#/$defs/text"}}}}},"$defs":{"text":{"type":"string"}}}""",
            JsonSerializer.Serialize(new { items })).ShouldBe("$/items/0/id");
    }
}
