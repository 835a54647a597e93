using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Telemetry;

/// <summary>What is promised about metrics, held against what a server really tells; a process of its own, because metrics are those of a process.</summary>
[Collection(WaitingProcesses.Name)]
public sealed partial class DashboardTests
{
    [Fact]
    public async Task Every_metric_and_label_of_the_dashboard_is_one_that_the_server_tells_once_there_was_traffic()
    {
        var dashboard = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "deploy", "grafana", "grapnel.json"));
        var queries = Texts(JsonDocument.Parse(dashboard).RootElement, "expr").Concat(Texts(JsonDocument.Parse(dashboard).RootElement, "definition")).ToList();
        var wanted = queries.SelectMany(query => Metric().Matches(query).Select(match => match.Value)).ToHashSet();
        wanted.Count.ShouldBeGreaterThan(15);
        await using var rig = await Rig.StartAsync(settings: ("GRAPNEL_TELEMETRY__PROMETHEUS", "true"));
        await using var receiver = await Receiver.StartAsync();
        await rig.CreateEndpointAsync(receiver.Url());
        await rig.PublishManyAsync("order.created", 1);

        var told = "";
        await Eventually.IsTrueAsync("the server tells all that there is", async () =>
            (told = await rig.Client.GetStringAsync("/metrics")).Contains("grapnel_delivery_latency_seconds_count") && told.Contains("operation=\"settle\""), TimeSpan.FromSeconds(20));

        wanted.Except(Sample().Matches(told).Select(line => line.Groups["name"].Value)).ShouldBeEmpty("metrics that the server does not tell");
        var labels = Label().Matches(told).Select(label => label.Groups["name"].Value).Concat(["job", "instance"]);
        queries.SelectMany(LabelsIn).Distinct().Except(labels).ShouldBeEmpty("labels that no metric has");
    }

    [Fact]
    public async Task The_document_tells_of_every_instrument_and_of_no_other()
    {
        var instruments = new HashSet<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == GrapnelMetrics.MeterName)
                    lock (instruments)
                        instruments.Add(instrument.Name);
            },
        };
        listener.Start();
        await using var server = await TestServer.StartAsync();

        var document = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "operations.md"));
        Instrument().Matches(document).Select(row => row.Groups["name"].Value).ShouldBe(instruments, ignoreOrder: true);
    }

    private static IEnumerable<string> Texts(JsonElement json, string name) => json.ValueKind switch
    {
        JsonValueKind.Array => json.EnumerateArray().SelectMany(item => Texts(item, name)),
        JsonValueKind.Object => json.EnumerateObject().SelectMany(property =>
            property.Name == name && property.Value.ValueKind == JsonValueKind.String ? [property.Value.GetString()!] : Texts(property.Value, name)),
        _ => [],
    };

    private static IEnumerable<string> LabelsIn(string query) =>
        Label().Matches(query).Select(label => label.Groups["name"].Value)
            .Concat(Grouping().Matches(query).SelectMany(by => by.Groups["names"].Value.Split(',', StringSplitOptions.TrimEntries)));

    [GeneratedRegex(@"\b(grapnel|dotnet|http|kestrel)_\w+(?=[{,])")]
    private static partial Regex Metric();

    [GeneratedRegex(@"^(?<name>[a-z]\w*)[{ ]", RegexOptions.Multiline)]
    private static partial Regex Sample();

    [GeneratedRegex("(?<name>\\w+)(=~|!=|=)\"[^\"]*\"")]
    private static partial Regex Label();

    [GeneratedRegex(@"by \((?<names>[^)]*)\)")]
    private static partial Regex Grouping();

    [GeneratedRegex(@"^\| `(?<name>grapnel(\.\w+)+)` \| (counter|gauge|histogram)", RegexOptions.Multiline)]
    private static partial Regex Instrument();
}
