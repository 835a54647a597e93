using System.Text.RegularExpressions;
using Grapnel.Server.Hosting;
using Grapnel.Server.Tests.Support;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Grapnel.Server.Tests.Deploy;

/// <summary>What stands in <c>deploy/</c> fits what the server knows, and the files fit each other.</summary>
public sealed partial class DeployFilesTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "deploy");

    /// <summary>Variables of these files' own, which compose puts into others.</summary>
    private static readonly string[] NoSettings = ["GRAPNEL_IMAGE", "GRAPNEL_ADMIN_NAME", "GRAPNEL_ADMIN_PASSWORD", "GRAPNEL_PUBLIC_URL", "GRAPNEL_URL"];

    [Fact]
    public void Every_variable_of_the_server_that_a_file_sets_is_a_setting()
    {
        var known = SettingsCatalog.Sections.SelectMany(section => section.Settings).Select(setting => Bare(setting.EnvironmentName)).ToHashSet();
        var set = from file in Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories)
                  from Match variable in Variable().Matches(File.ReadAllText(file))
                  where !NoSettings.Contains(variable.Value)
                  select (File: Path.GetFileName(file), variable.Value);

        set.ShouldNotBeEmpty();
        set.Where(variable => !known.Contains(Bare(variable.Value))).ShouldBeEmpty();

        static string Bare(string variable) => variable.Replace("__", ":").Replace("_", "");
    }

    [Theory]
    [InlineData("compose.yaml")]
    [InlineData("compose.sqlite.yaml")]
    public void Every_container_has_a_root_that_is_only_read_and_no_rights_to_spare(string file)
    {
        foreach (var (name, service) in Services(file))
        {
            service["read_only"].ShouldBe("true", name);
            ((List<object>)service["cap_drop"]).ShouldBe(["ALL"], name);
            ((List<object>)service["security_opt"]).ShouldBe(["no-new-privileges:true"], name);
            service.ShouldContainKey("restart", name);
        }
    }

    [Fact]
    public void The_nodes_of_compose_are_those_of_nginx_and_believe_nginx_alone()
    {
        var services = Services("compose.yaml");
        var nodes = services.Where(service => service.Key.StartsWith("grapnel-", StringComparison.Ordinal)).ToList();
        var proxied = Node().Matches(File.ReadAllText(Path.Combine(Folder, "nginx.conf"))).Select(node => node.Groups["name"].Value).Distinct();

        proxied.ShouldBe(nodes.Select(node => node.Key), ignoreOrder: true);
        foreach (var (name, node) in nodes)
            At(node, "environment")["GRAPNEL_PROXY__TRUSTED_NETWORKS"].ShouldBe($"{At(services["nginx"], "networks", "front")["ipv4_address"]}/32", name);
    }

    [Fact]
    public void Whoever_stops_a_node_gives_it_the_time_that_it_takes_by_default()
    {
        // As GrapnelHost has it: the grace, and 10 s to record what came of it.
        var needed = new DeliveryOptions().ShutdownGrace + TimeSpan.FromSeconds(10);

        foreach (var file in (string[])["compose.yaml", "compose.sqlite.yaml"])
            foreach (var (name, service) in Services(file).Where(service => service.Key.StartsWith("grapnel", StringComparison.Ordinal)))
                Seconds((string)service["stop_grace_period"]).ShouldBeGreaterThanOrEqualTo(needed, name);
        Seconds(Unit()["TimeoutStopSec"].Single()).ShouldBeGreaterThanOrEqualTo(needed);

        static TimeSpan Seconds(string text) => Duration.TryParse(text, out var duration) ? duration : throw new FormatException(text);
    }

    [Fact]
    public async Task The_service_starts_the_server_by_a_command_line_that_it_takes()
    {
        using var folder = new Commands.TemporaryFolder();
        var line = Unit()["ExecStart"].Single().Split(' ');
        line[0].ShouldEndWith("/grapnel");
        var arguments = line[1..].Select(argument => argument switch
        {
            "/var/lib/grapnel" => Path.Combine(folder.Path, "data"),
            "http://127.0.0.1:8000" => "http://127.0.0.1:0",
            _ => argument,
        });

        await using var server = new Commands.GrapnelProcess(folder.Path, [.. arguments]);
        await server.WaitForLineAsync(text => text.Contains("Address"));
        server.Interrupt();

        (await server.WaitForExitAsync()).ShouldBe(0);
    }

    [Fact]
    public void The_service_keeps_its_data_where_it_may_write()
    {
        var unit = Unit();
        unit["ProtectSystem"].ShouldBe(["strict"]);
        unit["ExecStart"].Single().ShouldContain($"--data /var/lib/{unit["StateDirectory"].Single()} ");
        unit["Environment"].ShouldContain($"DOTNET_BUNDLE_EXTRACT_BASE_DIR=/var/cache/{unit["CacheDirectory"].Single()}");
    }

    private static ILookup<string, string> Unit() => File.ReadAllLines(Path.Combine(Folder, "grapnel.service"))
        .Where(line => line.Length > 0 && line[0] is not ('#' or '['))
        .Select(line => line.Split('=', 2)).ToLookup(pair => pair[0], pair => pair[1]);

    private static Dictionary<string, Dictionary<object, object>> Services(string file)
    {
        using var reader = new StreamReader(Path.Combine(Folder, file));
        var document = new DeserializerBuilder().Build().Deserialize<Dictionary<object, object>>(new MergingParser(new Parser(reader)));
        return At(document, "services").ToDictionary(service => (string)service.Key, service => (Dictionary<object, object>)service.Value);
    }

    private static Dictionary<object, object> At(Dictionary<object, object> node, params ReadOnlySpan<string> path)
    {
        foreach (var step in path)
            node = (Dictionary<object, object>)node[step];
        return node;
    }

    [GeneratedRegex(@"\bGRAPNEL_[A-Z_]+\b")]
    private static partial Regex Variable();

    [GeneratedRegex(@"^\s*server (?<name>[\w-]+):8000", RegexOptions.Multiline)]
    private static partial Regex Node();
}
