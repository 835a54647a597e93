using Grapnel.Sending;
using Grapnel.Testing;

namespace Grapnel.Tests.Sending;

public sealed class HeaderRulesTests
{
    [Theory]
    [InlineData("X-Tenant", "acme")]
    [InlineData("x", "")]
    [InlineData("Authorization", "Bearer abc")]
    [InlineData("X-Latin", "caf\u00e9 \u00ff")]
    [InlineData("!#$%&'*+-.^_`|~09", "~")]
    public void A_proper_header_is_accepted(string name, string value) => Check(name, value).ShouldBeEmpty();

    [Theory]
    [InlineData(""), InlineData("X Y"), InlineData("X:Y"), InlineData("X\r\nInjected"), InlineData("X\n"), InlineData("X\0"), InlineData("X-\u00e9")]
    [InlineData("X\u0430"), InlineData("(x)"), InlineData("X\t"), InlineData("X\"")]
    public void A_name_that_is_no_token_is_refused_without_repeating_what_is_wrong_with_it(string name)
    {
        var error = Check(name, "v").ShouldHaveSingleItem();
        error.Field.ShouldStartWith("headers.");
        error.Field.ShouldAllBe(c => c > ' ' && c < '\x7f');
        error.Message.ShouldNotContain("\n");
    }

    [Theory]
    [InlineData("a\r\nX-Injected: y"), InlineData("a\r"), InlineData("a\n"), InlineData("a\0b"), InlineData("a\tb"), InlineData("\u007f")]
    [InlineData("\u0085"), InlineData("\u0416"), InlineData("\u010d\u010a"), InlineData("\ud83d\ude00"), InlineData("\u2028")]
    public void A_value_that_cannot_stand_in_one_line_of_Latin_1_is_refused(string value) =>
        Check("X-A", value).ShouldHaveSingleItem().Field.ShouldBe("headers.X-A");

    [Fact]
    public void A_value_has_4096_characters_at_most()
    {
        Check("X-A", new string('a', 4096)).ShouldBeEmpty();
        Check("X-A", new string('a', 4097)).ShouldHaveSingleItem();
        Check(new string('a', 256), "v").ShouldBeEmpty();
        Check(new string('a', 257), "v").ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData("Host"), InlineData("HOST"), InlineData("Content-Length"), InlineData("content-type"), InlineData("Content-Encoding")]
    [InlineData("Content-Anything"), InlineData("Transfer-Encoding"), InlineData("TE"), InlineData("Trailer"), InlineData("Connection")]
    [InlineData("Keep-Alive"), InlineData("Upgrade"), InlineData("Expect"), InlineData("User-Agent"), InlineData("Date"), InlineData("Cookie")]
    [InlineData("Proxy-Authorization"), InlineData("Proxy-Connection"), InlineData("webhook-id"), InlineData("Webhook-Signature")]
    [InlineData("svix-id"), InlineData("X-Svix-A"), InlineData("X-Amz-Date"), InlineData("X-Amzn-Trace-Id"), InlineData("X-Google-A")]
    [InlineData("X-Goog-A"), InlineData("X-GFE-A"), InlineData("X-Azure-Ref"), InlineData("X-FD-HealthProbe")]
    public void A_reserved_header_is_refused_in_any_spelling(string name) =>
        Check(name, "v").ShouldHaveSingleItem().Message.ShouldContain("reserved");

    [Fact]
    public void Every_fault_is_reported_not_just_the_first()
    {
        var headers = new Dictionary<string, string> { ["Host"] = "a", ["X-A"] = "\n", ["X-B"] = "fine", ["x-b"] = "again", ["X-C"] = null! };
        HeaderRules.Check(headers).Select(e => e.Field).ShouldBe(["headers.Host", "headers.X-A", "headers.x-b", "headers.X-C"]);
    }

    [Fact]
    public async Task Every_header_that_is_accepted_arrives_as_it_was_set()
    {
        string[] names =
        [
            "Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Authorization", "Cache-Control", "ETag", "Forwarded", "From",
            "If-Match", "If-Modified-Since", "Location", "Max-Forwards", "Origin", "Pragma", "Range", "Referer", "Retry-After", "Server", "Vary",
            "Via", "Warning", "WWW-Authenticate", "X-Forwarded-For", "X-Request-ID", "traceparent", "Age", "Alt-Svc", "Link",
        ];
        var headers = names.ToDictionary(n => n, n => $"not a valid {n}, but wanted");
        HeaderRules.Check(headers).ShouldBeEmpty();
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture();

        await fixture.SendAsync(SendFixture.Endpoint(receiver.Url) with { Headers = headers }, SendFixture.Delivery("{}"u8.ToArray()));

        var request = await receiver.NextRequestAsync();
        foreach (var (name, value) in headers)
            request.Headers.ShouldContain(new KeyValuePair<string, string>(name, value));
    }

    private static IReadOnlyList<FieldError> Check(string name, string value) =>
        HeaderRules.Check(new Dictionary<string, string> { [name] = value });
}
