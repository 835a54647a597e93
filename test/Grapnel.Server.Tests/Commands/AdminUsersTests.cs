using Grapnel.Auditing;
using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;
using Grapnel.Storage;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Commands;

/// <summary>What <c>grapnel admin</c> does to users in the folder of a stopped server.</summary>
public sealed class AdminUsersTests
{
    [Fact]
    public async Task A_user_is_made_and_given_another_password_and_signs_in_with_it()
    {
        using var folder = new TemporaryFolder();
        var data = Path.Combine(folder.Path, "data");
        await (await TestServer.StartAsync(folder: data)).DisposeAsync();
        var made = await GrapnelProcess.RunWithInputAsync(folder.Path, "a password from a pipe\n", "admin", "create-user", "--name", "joe", "--role", "operator", "--data", data);
        (made.ExitCode, made.Output).ShouldBe((0, ""), made.Errors);
        made.Errors.ShouldContain("joe may sign in as operator.");
        var reset = await GrapnelProcess.RunAsync(folder.Path, "admin", "reset-password", "--name", "JOE", "--generate", "--data", data);
        reset.ExitCode.ShouldBe(0, reset.Errors);

        await using var server = await TestServer.StartAsync(folder: data);
        using var client = new FormClient(server.Address);
        await client.SignInAsync("joe", "a password from a pipe");
        (await client.IsSignedInAsync()).ShouldBeFalse();
        await client.SignInAsync("joe", reset.Output.Trim());
        (await client.IsSignedInAsync()).ShouldBeTrue();
        var entries = await server.Get<AuditLog>().ListAsync(new AuditFilter(Actor.CommandLine), new PageRequest(), default);
        entries.Items.Select(entry => (entry.Action, entry.Subject)).ShouldBe([("user.created", "joe"), ("user.password-reset", "joe")], ignoreOrder: true);
    }

    [Fact]
    public async Task What_cannot_be_done_is_told_in_a_sentence()
    {
        using var folder = new TemporaryFolder();
        await using (var server = await TestServer.StartAsync(folder: Path.Combine(folder.Path, "data")))
        {
            var running = await RunAsync(folder, "reset-password", "--name", "joe", "--generate");
            running.ExitCode.ShouldBe(1);
            running.Errors.ShouldContain("Stop that server first");
        }
        (await RunAsync(folder, "reset-password", "--name", "joe", "--generate")).Errors.ShouldContain("There is no user 'joe'.");
        (await GrapnelProcess.RunWithInputAsync(folder.Path, "short\n", "admin", "create-user", "--name", "joe", "--data", "data")).Errors.ShouldContain("must have 10 to 256 characters");
        (await GrapnelProcess.RunWithInputAsync(folder.Path, "", "admin", "create-user", "--name", "joe", "--data", "data")).Errors.ShouldContain("There was no password");
    }

    [Theory]
    [InlineData("create-key")]
    [InlineData("list-keys")]
    [InlineData("reset-password --name joe --generate")]
    public async Task No_store_is_made_where_there_is_none(string arguments)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "data"));
        var refused = await RunAsync(folder, arguments.Split(' '));
        (refused.ExitCode, refused.Output).ShouldBe((1, ""));
        refused.Errors.ShouldContain($"There is no store of Grapnel in {Path.Combine(folder.Path, "data")}.");
        Directory.GetFileSystemEntries(Path.Combine(folder.Path, "data")).ShouldBeEmpty();
    }

    [Fact]
    public async Task No_tables_are_made_in_a_database_that_has_none()
    {
        using var folder = new TemporaryFolder();
        await using var database = await OwnDatabase.CreateAsync(await PostgresServer.Shared);
        await using var refused = new GrapnelProcess(folder.Path, ["admin", "create-key"], database.Settings);
        (await refused.WaitForExitAsync()).ShouldBe(1);
        refused.Output.ShouldBeEmpty();
        (await refused.Errors).ShouldContain("There is no store of Grapnel in PostgreSQL database");
        await database.RunSqlAsync("CREATE TABLE application (id int)");
    }

    [Theory]
    [InlineData("admin list-keys")]
    [InlineData("backup --to there")]
    [InlineData("migrate")]
    public async Task Two_variables_that_are_one_setting_are_told_in_a_sentence(string arguments)
    {
        using var folder = new TemporaryFolder();
        await using var refused = new GrapnelProcess(folder.Path, arguments.Split(' '), [("GRAPNEL_API_KEY", "a"), ("GRAPNEL_APIKEY", "b")]);
        (await refused.WaitForExitAsync()).ShouldBe(1);
        (await refused.Errors).Trim().ShouldEndWith("- GRAPNEL_APIKEY and GRAPNEL_API_KEY are the same setting; keep one of them.");

        await using var help = new GrapnelProcess(folder.Path, [.. arguments.Split(' '), "--help"], [("GRAPNEL_API_KEY", "a"), ("GRAPNEL_APIKEY", "b")]);
        (await help.WaitForExitAsync()).ShouldBe(0, await help.Errors);
    }

    [Theory]
    [InlineData("create-user --name joe --url http://127.0.0.1:9", "use the running server's console")]
    [InlineData("create-user --name joe --role king", "king")]
    [InlineData("reset-password", "--name")]
    public async Task Options_that_cannot_be_are_wrong_usage(string arguments, string hint)
    {
        using var folder = new TemporaryFolder();
        var refused = await GrapnelProcess.RunAsync(folder.Path, ["admin", .. arguments.Split(' ')]);
        refused.ExitCode.ShouldBe(2);
        refused.Errors.ShouldContain(hint);
    }

    private static Task<(int ExitCode, string Output, string Errors)> RunAsync(TemporaryFolder folder, params string[] arguments) =>
        GrapnelProcess.RunAsync(folder.Path, ["admin", .. arguments, "--data", "data"]);
}
