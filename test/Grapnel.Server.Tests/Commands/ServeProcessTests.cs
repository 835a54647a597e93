using System.Globalization;
using System.Text.RegularExpressions;

namespace Grapnel.Server.Tests.Commands;

public sealed partial class ServeProcessTests
{
    [Fact]
    public async Task Serve_sample_and_trigger_work_together_and_loading_the_sample_twice_changes_nothing()
    {
        using var folder = new TemporaryFolder();
        await using var server = new GrapnelProcess(folder.Path, "serve", "--urls", "http://127.0.0.1:0", "--allow-net", "127.0.0.0/8");
        var url = await UrlAsync(server);

        (await GrapnelProcess.RunAsync(folder.Path, "sample", "--url", url)).Output.ShouldContain("10 of these 10 are new");
        (await GrapnelProcess.RunAsync(folder.Path, "sample", "--url", url)).Output.ShouldContain("0 of these 10 are new");
        var (exitCode, output, _) = await GrapnelProcess.RunAsync(folder.Path, "trigger", "user.deleted", "--url", url);

        exitCode.ShouldBe(0);
        output.ShouldContain("owed to 3 of 4 endpoints");
        output.ShouldMatch(@"not owed  http://127\.0\.0\.1:8888/billing +The endpoint had not subscribed to this event type\.");
        server.Interrupt();
        (await server.WaitForExitAsync()).ShouldBe(0);
    }

    [Theory]
    [InlineData("http://[::]:0", null, @"http://127\.0\.0\.1:\d+/setup\?code=")]
    [InlineData("http://0.0.0.0:0", null, @"http://127\.0\.0\.1:\d+/setup\?code=")]
    [InlineData("http://[::]:0", "https://webhooks.example.com/", "https://webhooks.example.com/setup\\?code=")]
    public async Task The_link_to_make_an_account_opens_in_a_browser_whatever_the_server_listens_on(string urls, string? publicUrl, string link)
    {
        Assert.SkipUnless(System.Net.Sockets.Socket.OSSupportsIPv6 || !urls.Contains("[::]"), "There is no IPv6 here.");
        using var folder = new TemporaryFolder();
        await using var server = new GrapnelProcess(folder.Path, ["serve", "--urls", urls, .. publicUrl is null ? (string[])[] : [$"Api:PublicUrl={publicUrl}"]]);
        (await server.WaitForLineAsync(line => line.Contains("/setup?code="))).Trim().ShouldMatch($"^{link}[A-Z0-9-]+$");
    }

    [Fact]
    public async Task A_folder_serves_one_process_and_the_second_is_told_who_has_it()
    {
        using var folder = new TemporaryFolder();
        await using var server = new GrapnelProcess(folder.Path, "serve", "--urls", "http://127.0.0.1:0");
        await UrlAsync(server);

        var second = await GrapnelProcess.RunAsync(folder.Path, "serve", "--urls", "http://127.0.0.1:0");
        var admin = await GrapnelProcess.RunAsync(folder.Path, "admin", "create-key");

        second.ExitCode.ShouldBe(1);
        second.Errors.ShouldMatch(@"^The data folder .* is in use by process \d+ ");
        second.Errors.Trim().ShouldNotContain('\n');
        second.Output.ShouldBeEmpty();
        admin.ExitCode.ShouldBe(1);
        admin.Errors.ShouldContain("--url");
    }

    [Fact]
    public async Task Keys_are_made_listed_and_revoked_in_the_folder_of_a_stopped_server()
    {
        using var folder = new TemporaryFolder();
        await using (var server = new GrapnelProcess(folder.Path, "serve", "--urls", "http://127.0.0.1:0"))
        {
            await UrlAsync(server);
            server.Interrupt();
            (await server.WaitForExitAsync()).ShouldBe(0);
        }

        var made = await GrapnelProcess.RunAsync(folder.Path, "admin", "create-key", "--name", "CI");
        made.Output.Trim().ShouldStartWith("grpk_");
        var id = Regex.Match(made.Errors, @"key_\w+").Value;
        (await GrapnelProcess.RunAsync(folder.Path, "admin", "revoke-key", id)).ExitCode.ShouldBe(0);
        (await GrapnelProcess.RunAsync(folder.Path, "admin", "revoke-key", id)).ExitCode.ShouldBe(1);
        (await GrapnelProcess.RunAsync(folder.Path, "admin", "list-keys")).Output.ShouldMatch($@"{id} .* revoked .* CI");
    }

    [Fact]
    public async Task Trigger_says_what_to_do_about_a_missing_server_a_wrong_key_and_an_unknown_event_type()
    {
        using var folder = new TemporaryFolder();
        await using var server = new GrapnelProcess(folder.Path, "serve", "--urls", "http://127.0.0.1:0");
        var url = await UrlAsync(server);

        var unknown = await GrapnelProcess.RunAsync(folder.Path, "trigger", "no.such", "--url", url);
        var wrongKey = await GrapnelProcess.RunAsync(folder.Path, "trigger", "no.such", "--url", url, "--key", "grpk_wrong");
        server.Interrupt();
        await server.WaitForExitAsync();
        var nobody = await GrapnelProcess.RunAsync(folder.Path, "trigger", "no.such", "--url", url);

        new[] { unknown.ExitCode, wrongKey.ExitCode, nobody.ExitCode }.ShouldAllBe(code => code == 1);
        unknown.Errors.ShouldContain("knows no event type 'no.such'");
        wrongKey.Errors.ShouldContain("first-api-key");
        nobody.Errors.ShouldContain("grapnel serve");
    }

    [Fact]
    public async Task A_taken_port_is_told_in_one_sentence_with_the_option_that_helps()
    {
        using var folder = new TemporaryFolder();
        await using var server = new GrapnelProcess(folder.Path, "serve", "--urls", "http://127.0.0.1:0");
        var url = await UrlAsync(server);

        var second = await GrapnelProcess.RunAsync(folder.Path, "serve", "--urls", url, "--data", "other");

        second.ExitCode.ShouldBe(1);
        second.Output.ShouldBeEmpty();
        second.Errors.Trim().ShouldMatch($@"^[^\n]*{Regex.Escape(url)}[^\n]*--urls\.$");
    }

    [Fact]
    public async Task The_threads_that_serve_and_store_are_scheduled_as_batch_work()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A policy of Linux.");
        const int batch = 3;
        using var folder = new TemporaryFolder();
        await using var server = new GrapnelProcess(folder.Path, "serve", "--urls", "http://127.0.0.1:0");
        await UrlAsync(server);

        var policies = Directory.GetDirectories($"/proc/{server.Id}/task")
            .Select(task => (Name: File.ReadAllText($"{task}/comm").Trim(), Policy: Policy(File.ReadAllText($"{task}/stat")))).ToArray();

        foreach (var name in (string[])[".NET Sockets", ".NET TP Worker", "Grapnel store w"])
        {
            policies.ShouldContain(thread => thread.Name == name);
            policies.Where(thread => thread.Name == name).ShouldAllBe(thread => thread.Policy == batch);
        }

        // Field 41 of proc_pid_stat(5), counted from behind the name, which may hold anything.
        static int Policy(string stat) => int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[38], CultureInfo.InvariantCulture);
    }

    [Theory]
    [InlineData("listn")]
    [InlineData("listen --port x")]
    [InlineData("listen --secret abc")]
    [InlineData("trigger")]
    [InlineData("serve nonsense")]
    public async Task Wrong_usage_exits_with_2_and_points_to_the_help(string arguments)
    {
        using var folder = new TemporaryFolder();

        var (exitCode, output, errors) = await GrapnelProcess.RunAsync(folder.Path, arguments.Split(' '));

        exitCode.ShouldBe(2);
        output.ShouldBeEmpty();
        errors.ShouldContain("--help");
    }

    private static async Task<string> UrlAsync(GrapnelProcess server) =>
        Address().Match(await server.WaitForLineAsync(line => Address().IsMatch(line))).Groups["url"].Value;

    [GeneratedRegex(@"Address\s+(?<url>\S+)")]
    private static partial Regex Address();
}
