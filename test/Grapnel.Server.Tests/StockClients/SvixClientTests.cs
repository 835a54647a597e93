using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.StockClients;

/// <summary>
/// The stock Svix client of npm, version 1 and version 2, unchanged, against a running server. The scenarios are in <c>test/node/svix</c>, named after
/// the tests of Svix's own server whose behaviour they ask for.
/// </summary>
public sealed partial class SvixClientTests(SvixScenarios scenarios) : IClassFixture<SvixScenarios>
{
    public static TheoryData<int, string> All { get; } = Find();

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_stock_client_finds_what_it_expects(int version, string scenario)
    {
        var errors = await scenarios.RunAsync(version);
        errors.ShouldContainKey(scenario);
        errors[scenario].ShouldBeNull();
    }

    private static TheoryData<int, string> Find()
    {
        var found = new TheoryData<int, string>();
        foreach (var file in Directory.EnumerateFiles(SvixScenarios.Folder, "*.scenarios.mjs").Order())
            foreach (Match match in Scenario().Matches(File.ReadAllText(file)))
                foreach (var version in new[] { 1, 2 })
                    found.Add(version, $"{Path.GetFileName(file).Split('.')[0]}.{match.Groups[1].Value}");
        return found;
    }

    [GeneratedRegex(@"^export async function (\w+)", RegexOptions.Multiline)]
    private static partial Regex Scenario();
}

/// <summary>Runs all scenarios of a version at once, against one server.</summary>
public sealed class SvixScenarios : IAsyncLifetime
{
    private readonly Dictionary<int, Lazy<Task<IReadOnlyDictionary<string, string?>>>> _runs;
    private TestServer _server = null!;

    public SvixScenarios() => _runs = new[] { 1, 2 }.ToDictionary(version => version,
        version => new Lazy<Task<IReadOnlyDictionary<string, string?>>>(() => StartAsync(version)));

    internal static string Folder { get; } = Path.Combine(StockLibrary.Folder, "svix");

    // Three attempts, close together.
    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync(new Dictionary<string, string?>
    {
        ["Delivery:RetrySchedule:0"] = "100ms",
        ["Delivery:RetrySchedule:1"] = "100ms",
    });

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    /// <summary>What went wrong in each scenario; null where nothing did.</summary>
    internal Task<IReadOnlyDictionary<string, string?>> RunAsync(int version) => _runs[version].Value;

    private async Task<IReadOnlyDictionary<string, string?>> StartAsync(int version)
    {
        using var node = Process.Start(new ProcessStartInfo("node", ["svix/run.mjs", $"{version}"])
        {
            WorkingDirectory = StockLibrary.Folder,
            RedirectStandardOutput = true,
            Environment = { ["GRAPNEL_URL"] = _server.Address.ToString().TrimEnd('/'), ["GRAPNEL_KEY"] = TestServer.Key },
        })!;
        var errors = new Dictionary<string, string?>();
        while (await node.StandardOutput.ReadLineAsync() is { } line)
        {
            var result = JsonDocument.Parse(line).RootElement;
            errors.Add(result.GetProperty("name").GetString()!, result.GetProperty("error").GetString());
        }
        return errors;
    }
}
