using System.Text;
using Grapnel.Server.Api;
using Grapnel.Server.Auth;
using Grapnel.Storage;
using Grapnel.Server.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Grapnel.Server.Tests.Api;

public sealed class IdempotencyTests(ServerFixture fixture) : ServerTest(fixture)
{
    [Fact]
    public async Task Two_hundred_parallel_equal_publishes_make_one_message()
    {
        var application = await NewApplicationAsync();

        var replies = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ =>
            PostAsync(application + "/msg", """{"eventType":"x","payload":{}}""", "one")));

        replies.Select(reply => (reply.Status, reply.Text)).Distinct().Count().ShouldBe(1);
        (await Client.GetJsonAsync(application + "/msg"))["data"].GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task Two_hundred_parallel_equal_requests_of_another_kind_make_one_thing()
    {
        var application = await NewApplicationAsync();

        var replies = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ =>
            PostAsync(application + "/endpoint", """{"url":"http://127.0.0.1:9/"}""", "one")));

        replies.Select(reply => (reply.Status, reply.Text)).Distinct().Count().ShouldBe(1);
        replies[0].Status.ShouldBe(201);
        (await Client.GetJsonAsync(application + "/endpoint"))["data"].GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task The_same_key_with_another_body_is_refused()
    {
        var key = NewKey();
        await PostAsync("/api/v1/app", """{"name":"One"}""", key);

        var reply = await PostAsync("/api/v1/app", """{"name":"Two"}""", key);

        (reply.Status, reply["code"].GetString()).ShouldBe((409, "idempotency_key_reused"));
    }

    [Fact]
    public async Task The_same_key_on_another_route_is_another_request()
    {
        var key = NewKey();
        var one = await PostAsync("/api/v1/app", """{"name":"One"}""", key);

        (await PostAsync("/api/v1/app?get_if_exists=true", """{"name":"One"}""", key)).Id.ShouldNotBe(one.Id);
    }

    [Fact]
    public async Task A_refusal_is_not_remembered()
    {
        var key = NewKey();
        var uid = $"u{Guid.NewGuid():N}";
        var body = $$"""{"name":"One","uid":"{{uid}}"}""";
        var holder = await Client.PostJsonAsync("/api/v1/app", body);
        (await PostAsync("/api/v1/app", body, key)).Status.ShouldBe(409);
        await Client.DeleteJsonAsync($"/api/v1/app/{holder.Id}");

        (await PostAsync("/api/v1/app", body, key)).Status.ShouldBe(201);
    }

    [Fact]
    public async Task An_answer_without_a_body_is_repeated_too()
    {
        var endpoint = $"{await NewApplicationAsync()}/endpoint";
        var secret = $"{endpoint}/{(await Client.PostJsonAsync(endpoint, """{"url":"http://127.0.0.1:9/"}""")).Id}/secret";
        var key = NewKey();
        (await PostAsync(secret + "/rotate", "{}", key)).Status.ShouldBe(204);
        var rotated = (await Client.GetJsonAsync(secret))["key"].GetString();

        (await PostAsync(secret + "/rotate", "{}", key)).Status.ShouldBe(204);

        (await Client.GetJsonAsync(secret))["key"].GetString().ShouldBe(rotated);
    }

    [Fact]
    public async Task An_answer_that_holds_a_secret_is_given_once_and_not_kept()
    {
        var key = NewKey();
        var made = await PostAsync("/api/v1/api-key", """{"name":"CI"}""", key);
        made.Status.ShouldBe(201);

        var repeat = await PostAsync("/api/v1/api-key", """{"name":"CI"}""", key);

        (repeat.Status, repeat["code"].GetString()).ShouldBe((409, "idempotency_key_used"));
        (await File.ReadAllBytesAsync(Path.Combine(Server.Folder, "grapnel.db-wal"))).AsSpan()
            .IndexOf(Encoding.UTF8.GetBytes(made["key"].GetString()!)).ShouldBe(-1);
    }

    [Fact]
    public async Task Keys_of_two_callers_have_nothing_to_do_with_each_other()
    {
        var key = NewKey();
        using var other = Server.CreateClient((await Client.PostJsonAsync("/api/v1/api-key", """{"name":"Other"}"""))["key"].GetString());
        var one = await PostAsync("/api/v1/app", """{"name":"One"}""", key);

        var two = await other.SendAsync(HttpMethod.Post, "/api/v1/app", """{"name":"One"}"""u8.ToArray(), headers: ("Idempotency-Key", key));

        two.Status.ShouldBe(201);
        two.Id.ShouldNotBe(one.Id);
    }

    [Fact]
    public async Task A_key_that_is_too_long_is_refused()
    {
        var reply = await PostAsync("/api/v1/app", """{"name":"One"}""", new string('k', 257));

        reply.Status.ShouldBe(422);
        reply["detail"][0].GetProperty("loc")[0].GetString().ShouldBe("header");
    }

    [Fact]
    public void Two_keys_on_one_request_are_refused_because_nobody_could_say_which_counts()
    {
        var http = new DefaultHttpContext();
        http.Request.Headers[Idempotency.Header] = new StringValues(["one", "two"]);

        Should.Throw<InvalidInputException>(() => Idempotency.KeyOf(http)).Errors.ShouldHaveSingleItem().Field.ShouldBe("header.Idempotency-Key");
    }

    [Fact]
    public async Task Work_is_remembered_although_the_caller_hung_up_while_it_was_done()
    {
        var (key, done) = (NewKey(), 0);
        async Task<int> AskAsync(CancellationTokenSource connection)
        {
            var posts = new IdempotentPosts(http =>
            {
                done++;
                connection.Cancel();
                return JsonReply.WriteAsync(http, StatusCodes.Status201Created, "{}"u8);
            }, Server.Get<IIdempotencyStore>(), Server.Get<PublishingOptions>(), TimeProvider.System);
            var http = new DefaultHttpContext { RequestAborted = connection.Token };
            http.Request.Method = HttpMethods.Post;
            http.Request.ContentLength = 0;
            http.Request.Headers[Idempotency.Header] = key;
            http.SetEndpoint(new Microsoft.AspNetCore.Http.Endpoint(null, null, "work"));
            http.Features.Set(new Caller { Id = "somebody", Rights = Rights.All });
            await posts.InvokeAsync(http).ContinueWith(_ => { }, TaskScheduler.Default);
            return http.Response.StatusCode;
        }

        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        await AskAsync(first);

        (await AskAsync(second)).ShouldBe(201);
        done.ShouldBe(1);
    }

    private static string NewKey() => Guid.NewGuid().ToString();

    private Task<Reply> PostAsync(string path, string body, string key) =>
        Client.SendAsync(HttpMethod.Post, path, Encoding.UTF8.GetBytes(body), headers: ("Idempotency-Key", key));
}
