using System.Text.RegularExpressions;
using Grapnel.Registry;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Commands;

/// <summary>What <c>grapnel admin</c> does with a server that runs.</summary>
public sealed class AdminTests(ServerFixture fixture) : ServerTest(fixture)
{
    [Fact]
    public async Task Keys_of_a_running_server_are_made_listed_and_revoked_and_it_obeys_at_once()
    {
        var made = await AdminAsync("create-key", "--name", "CI");
        made.ExitCode.ShouldBe(0);
        var key = made.Output.Trim();
        key.ShouldStartWith("grpk_");
        var id = Regex.Match(made.Errors, @"key_\w+").Value;
        using var client = Server.CreateClient(key);
        (await client.GetJsonAsync("/api/v1/app")).Status.ShouldBe(200);
        (await AdminAsync("list-keys")).Output.ShouldMatch($@"{id}  {key[..9]}… .* works +full +all applications +never used +CI");

        (await AdminAsync("revoke-key", id)).ExitCode.ShouldBe(0);

        (await client.GetJsonAsync("/api/v1/app")).Status.ShouldBe(401);
        (await AdminAsync("list-keys")).Output.ShouldMatch($@"{id}  {key[..9]}… .* revoked .* CI");
        var again = await AdminAsync("revoke-key", id);
        (again.ExitCode, again.Output).ShouldBe((1, ""));
        again.Errors.ShouldContain($"There is no working API key '{id}'.");
    }

    [Fact]
    public async Task A_key_is_made_for_one_scope_and_one_application_and_a_time()
    {
        var application = await Client.PostJsonAsync("/api/v1/app", """{"name":"Acme","uid":"acme"}""");
        var made = await AdminAsync("create-key", "--name", "Small", "--scope", "publish", "--application", "acme", "--expires", "2100-01-31");

        made.ExitCode.ShouldBe(0, made.Errors);
        using var client = Server.CreateClient(made.Output.Trim());
        (await client.PostJsonAsync("/api/v1/app/acme/msg", """{"eventType":"a","payload":{}}""")).Status.ShouldBe(202);
        (await client.GetJsonAsync("/api/v1/app/acme")).Status.ShouldBe(403);
        (await AdminAsync("list-keys")).Output.ShouldMatch($@"until +2100-01-31 +publish +{application.Id} +never used +Small");
        (await AdminAsync("create-key", "--application", "nobody")).Errors.ShouldContain("there is no 'nobody'");
        (await AdminAsync("create-key", "--expires", "soon")).ExitCode.ShouldBe(2);
    }

    [Fact]
    public async Task What_the_server_refuses_is_told_in_its_words()
    {
        var own = await Server.Get<ApiKeyRegistry>().CreateAsync("Own");

        var revoked = await AdminWithAsync(own.Text, "revoke-key", own.Key.Id.ToString());
        var nameless = await AdminAsync("create-key", "--name", "");
        var stranger = await AdminWithAsync("grpk_wrong", "list-keys");

        new[] { revoked.ExitCode, nameless.ExitCode, stranger.ExitCode }.ShouldAllBe(code => code == 1);
        revoked.Errors.ShouldContain("made with that very key");
        nameless.Errors.ShouldContain("name is required");
        stranger.Errors.ShouldContain("does not accept this API key");
    }

    [Fact]
    public async Task A_list_that_is_longer_than_a_page_is_shown_whole()
    {
        var keys = Server.Get<ApiKeyRegistry>();
        await Task.WhenAll(Enumerable.Range(0, 260).Select(_ => keys.CreateAsync("One of many")));

        var listed = await AdminAsync("list-keys");

        var ids = Regex.Matches(listed.Output, @"^key_\w+", RegexOptions.Multiline).Select(match => match.Value);
        ids.ShouldBe((await keys.ListAsync(default)).Select(key => key.Id.ToString()));
    }

    [Fact]
    public async Task A_folder_that_a_server_has_open_is_left_to_it_and_the_option_that_helps_is_named()
    {
        var refused = await RunAsync("admin", "create-key", "--data", Server.Folder);

        refused.ExitCode.ShouldBe(1);
        refused.Output.ShouldBeEmpty();
        refused.Errors.ShouldContain("add --url with its address");
    }

    [Theory]
    [InlineData("list-keys --key grpk_some", "--url")]
    [InlineData("list-keys --url http://127.0.0.1:9 --data here", "one of them")]
    [InlineData("revoke-key nonsense --url http://127.0.0.1:9", "list-keys")]
    public async Task Options_that_do_not_go_together_are_wrong_usage(string arguments, string hint)
    {
        var refused = await RunAsync(["admin", .. arguments.Split(' ')]);

        refused.ExitCode.ShouldBe(2);
        refused.Errors.ShouldContain(hint);
    }

    private Task<(int ExitCode, string Output, string Errors)> AdminAsync(params string[] arguments) => AdminWithAsync(TestServer.Key, arguments);

    private Task<(int ExitCode, string Output, string Errors)> AdminWithAsync(string key, params string[] arguments) =>
        RunAsync(["admin", .. arguments, "--url", Server.Address.ToString(), "--key", key]);

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        return await GrapnelProcess.RunAsync(folder.Path, arguments);
    }
}
