using System.Net;
using Grapnel.Sending;
using Grapnel.Testing;

namespace Grapnel.Tests.Sending;

public sealed class HeaderPackTests
{
    [Fact]
    public void What_was_packed_is_unpacked_again_in_both_directions_known_names_and_others()
    {
        using var request = Request(("User-Agent", "Grapnel/1"), ("user-agent-x", ""), ("X-Long", new string('é', 3_000)));
        using var response = Response(("Date", "today"), ("X-Two", "a"), ("X-Two", "b"));

        var headers = AttemptHeaders.Unpack(HeaderPack.Of(request, response));

        headers.Sent.ShouldBe(
            [new("User-Agent", "Grapnel/1"), new("user-agent-x", ""), new("X-Long", new string('é', 3_000)), new("Content-Type", "text/plain")]);
        headers.Received.ShouldBe([new("Date", "today"), new("X-Two", "a"), new("X-Two", "b")]);
        headers.Sensitive.ShouldBeEmpty();
    }

    [Fact]
    public void Values_of_credentials_and_cookies_are_not_in_the_packed_form()
    {
        using var request = Request(("authorization", "s3cret"), ("X-Api-Key", "s3cret"), ("X-Open", "seen"));
        using var response = Response(("Set-Cookie", "s3cret"));

        var packed = HeaderPack.Of(request, response);

        System.Text.Encoding.Latin1.GetString(packed).ShouldNotContain("s3cret");
        var headers = AttemptHeaders.Unpack(packed);
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
        AttemptHeaders.Unpack(packed).Received!.Select(header => header.Key).ShouldBe(["X-Fits", "X-Fits-Too"]);
    }

    [Fact]
    public void Without_an_answer_there_are_no_received_headers_at_all()
    {
        using var request = Request(("X-A", "1"));
        AttemptHeaders.Unpack(HeaderPack.Of(request, null)).Received.ShouldBeNull();
        AttemptHeaders.Unpack([]).ShouldBe(AttemptHeaders.None);
    }

    [Fact]
    public async Task An_exchange_keeps_what_was_sent_even_without_an_answer_and_nothing_when_nothing_left()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Once(_ => Task.CompletedTask));
        using var fixture = new SendFixture();

        var lost = await fixture.SendAsync(receiver.Url);
        lost.Outcome.ShouldBe(SendOutcome.ConnectionLost);
        AttemptHeaders.Unpack(lost.Headers.Span).Sent.ShouldContain(header => header.Key == "webhook-signature");
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
