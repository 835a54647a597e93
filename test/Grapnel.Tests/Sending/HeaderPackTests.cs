using System.Net;
using CsCheck;
using Grapnel.Sending;
using Grapnel.Testing;

namespace Grapnel.Tests.Sending;

public sealed class HeaderPackTests
{
    private static readonly Id<Message> Sent = new(7);

    [Fact]
    public void What_was_packed_is_unpacked_again_in_both_directions_known_names_and_others()
    {
        using var request = Request(("User-Agent", "Grapnel/1"), ("user-agent-x", ""), ("X-Long", new string('é', 3_000)));
        using var response = Response(("Date", "today"), ("X-Two", "a"), ("X-Two", "b"));

        var headers = AttemptHeaders.Unpack(HeaderPack.Of(request, response), Sent);

        headers.Sent.ShouldBe(
            [new("User-Agent", "Grapnel/1"), new("user-agent-x", ""), new("X-Long", new string('é', 3_000)), new("Content-Type", "text/plain")]);
        headers.Received.ShouldBe([new("Date", "today"), new("X-Two", "a"), new("X-Two", "b")]);
        headers.Sensitive.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("application/json", 3)]
    [InlineData("4294967295", 6)]
    [InlineData("4294967296", 12)]
    [InlineData("007", 5)]
    [InlineData("0", 3)]
    [InlineData("+1", 4)]
    [InlineData("Tue, 24 Nov 2026 04:00:00 GMT", 6)]
    [InlineData("Mon, 24 Nov 2026 04:00:00 GMT", 31)]
    [InlineData("Tue, 24 Nov 1926 04:00:00 GMT", 31)]
    [InlineData("v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 34)]
    [InlineData("v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=", 49)]
    [InlineData("v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", 49)]
    public void A_value_comes_back_as_it_was_however_few_bytes_it_took(string value, int bytes)
    {
        using var request = Request(("User-Agent", value));
        request.Content!.Headers.Clear();

        var packed = HeaderPack.Of(request, null);

        AttemptHeaders.Unpack(packed, Sent).Sent.ShouldBe([new("User-Agent", value)]);
        packed.Length.ShouldBe(1 + bytes);
    }

    [Fact]
    public void Any_value_comes_back_as_it_was() => Gen.Char[' ', 'ÿ'].Array[0, 600].Sample(chars =>
    {
        using var response = Response(("X-Any", new string(chars)));
        return AttemptHeaders.Unpack(HeaderPack.Of(new HttpRequestMessage(), response), Sent).Received!.Single().Value == new string(chars);
    });

    [Fact]
    public void The_headers_of_an_ordinary_exchange_take_less_than_a_hundred_bytes()
    {
        using var request = Request(
            ("User-Agent", "Grapnel/1.0.0"), ("webhook-id", Sent.ToString()), ("webhook-timestamp", "1795492800"),
            ("webhook-signature", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="));
        using var response = Response(
            ("Server", "nginx/1.26.3"), ("Date", "Tue, 24 Nov 2026 04:00:00 GMT"), ("Content-Length", "2"), ("Connection", "keep-alive"));

        var packed = HeaderPack.Of(request, response);

        packed.Length.ShouldBeLessThan(100);
        AttemptHeaders.Unpack(packed, Sent).Sent.ShouldContain(new KeyValuePair<string, string>("webhook-id", Sent.ToString()));
    }

    [Fact]
    public void Values_of_credentials_and_cookies_are_not_in_the_packed_form()
    {
        using var request = Request(("authorization", "s3cret"), ("X-Api-Key", "s3cret"), ("X-Open", "seen"));
        using var response = Response(("Set-Cookie", "s3cret"));

        var packed = HeaderPack.Of(request, response);

        System.Text.Encoding.Latin1.GetString(packed).ShouldNotContain("s3cret");
        var headers = AttemptHeaders.Unpack(packed, Sent);
        headers.Sensitive.ShouldBe(["Authorization", "X-Api-Key"]);
        headers.Received.ShouldBe([new("Set-Cookie", "")]);
    }

    [Fact]
    public void What_a_receiver_answers_takes_no_more_than_its_limit_and_the_rest_is_left_out()
    {
        using var request = Request();
        using var response = Response(("X-Fits", "1"), ("X-Large", new string('x', 4_090)), ("X-Fits-Too", "2"));

        var packed = HeaderPack.Of(request, response);

        packed.Length.ShouldBeLessThan(HeaderPack.MaxBytes);
        AttemptHeaders.Unpack(packed, Sent).Received!.Select(header => header.Key).ShouldBe(["X-Fits", "X-Fits-Too"]);
    }

    [Fact]
    public void Without_an_answer_there_are_no_received_headers_at_all()
    {
        using var request = Request(("X-A", "1"));
        AttemptHeaders.Unpack(HeaderPack.Of(request, null), Sent).Received.ShouldBeNull();
        AttemptHeaders.Unpack([], Sent).ShouldBe(AttemptHeaders.None);
    }

    [Fact]
    public async Task An_exchange_keeps_what_was_sent_even_without_an_answer_and_nothing_when_nothing_left()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Once(_ => Task.CompletedTask));
        using var fixture = new SendFixture();

        var lost = await fixture.SendAsync(receiver.Url);
        lost.Outcome.ShouldBe(SendOutcome.ConnectionLost);
        AttemptHeaders.Unpack(lost.Headers.Span, Sent).Sent.ShouldContain(header => header.Key == "webhook-signature");
        var refused = await fixture.SendAsync("http://127.0.0.1:1/");
        refused.Outcome.ShouldBe(SendOutcome.ConnectFailed);
        refused.Headers.IsEmpty.ShouldBeTrue();
    }

    private static HttpRequestMessage Request(params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage { Content = new StringContent("") };
        request.Content.Headers.Clear();
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "text/plain");
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }

    private static HttpResponseMessage Response(params (string Name, string Value)[] headers)
    {
        var response = new HttpResponseMessage(HttpStatusCode.OK);
        foreach (var (name, value) in headers)
            response.Headers.TryAddWithoutValidation(name, value);
        return response;
    }
}
