using System.Diagnostics;
using Grapnel.Bench.Reporting;
using Grapnel.Bench.Tools;

namespace Grapnel.Bench.Scenarios;

/// <summary>
/// Lists over a long history: how long is one call, whatever it filters by, also when nothing matches? One after the other, over HTTP, against
/// a server of its own.
/// </summary>
internal static class ListsScenario
{
    private const double MostMs = 50;

    public static async Task<IReadOnlyList<Figure>> RunAsync(Workbench bench, CancellationToken cancel)
    {
        var data = bench.NewFolder("lists");
        var history = await LongHistory.FillAsync(data, bench.Options.Messages, cancel);
        await using var server = await bench.StartServerAsync(data, cancel);
        var figures = new List<Figure> { new("Messages", bench.Options.Messages), new("Attempts", 3.0 * bench.Options.Messages) };
        foreach (var (name, path) in Calls(history))
            figures.AddRange(await MeasureAsync(server, bench.Options.Calls, name, path, cancel));
        return figures;
    }

    private static IEnumerable<(string Name, string Path)> Calls(LongHistory history)
    {
        var application = $"/api/v1/app/{history.Application}";
        var (good, bad) = (history.Endpoints[0].Id, history.Endpoints[2].Id);
        var middle = Uri.EscapeDataString(history.Middle.ToString("O"));
        yield return ("Messages, newest", $"{application}/msg?limit=50");
        yield return ("Messages before the middle", $"{application}/msg?before={middle}");
        yield return ("Messages of one type in ten", $"{application}/msg?event_types=bench.event.3");
        yield return ("Messages of no type there is", $"{application}/msg?event_types=none");
        yield return ("Messages on a rare channel", $"{application}/msg?channel={LongHistory.Rare}");
        yield return ("Messages on that channel, of no type", $"{application}/msg?channel={LongHistory.Rare}&event_types=none");
        yield return ("Messages with a tag that none has", $"{application}/msg?tag=none");
        yield return ("Attempts, newest", $"{application}/attempt/endpoint/{good}");
        yield return ("Attempts before the middle", $"{application}/attempt/endpoint/{good}?before={middle}");
        yield return ("Attempts that failed, few", $"{application}/attempt/endpoint/{good}?status=2");
        yield return ("Attempts that failed, of no class", $"{application}/attempt/endpoint/{bad}?status_code_class=300");
        yield return ("Attempts that succeeded, none", $"{application}/attempt/endpoint/{bad}?status=0");
        yield return ("Attempts of a rare channel", $"{application}/attempt/endpoint/{good}?channel={LongHistory.Rare}");
        yield return ("Attempts of no type there is", $"{application}/attempt/endpoint/{good}?event_types=none");
        yield return ("Attempts with their messages", $"{application}/attempt/endpoint/{good}?with_msg=true");
        yield return ("Attempts of a message", $"{application}/attempt/msg/{history.Message}");
        yield return ("Attempted messages, newest", $"{application}/endpoint/{good}/msg");
        yield return ("Attempted messages that failed", $"{application}/endpoint/{good}/msg?status=2");
        yield return ("Attempted messages pending, none", $"{application}/endpoint/{bad}/msg?status=1");
        yield return ("Attempted messages of no type there is", $"{application}/endpoint/{good}/msg?event_types=none");
        yield return ("Destinations of a message", $"{application}/msg/{history.Message}/endpoint");
        yield return ("Statistics of 28 days", $"{application}/endpoint/{good}/stats");
        yield return ("Lanes with pending deliveries", "/api/v1/lane");
    }

    private static async Task<IReadOnlyList<Figure>> MeasureAsync(GrapnelProcess server, int calls, string name, string path, CancellationToken cancel)
    {
        await server.Api.GetAsync(path, cancel);
        var times = new List<double>(calls);
        for (var i = 0; i < calls; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await server.Api.GetAsync(path, cancel);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        var spread = new Percentiles(times);
        return [new Figure($"{name}, p50", spread.P50, "ms"), new Figure($"{name}, p99", spread.P99, "ms").AtMost(MostMs)];
    }
}
