using System.CommandLine;
using System.CommandLine.Invocation;
using Grapnel.Bench.Reporting;
using Grapnel.Bench.Scenarios;
using Grapnel.Bench.Tools;

namespace Grapnel.Bench;

/// <summary>The command line. Exit codes: 0 when every limit was met, 1 when one was missed, 2 when nothing could be measured.</summary>
internal static class BenchCommand
{
    private static readonly string[] Programs = [Sink.Program, Wrk.Program];

    public static async Task<int> RunAsync(string[] args, CancellationToken cancel)
    {
        var parsed = Create().Parse(args);
        if (parsed.Action is ParseErrorAction)
            throw new BenchException($"{string.Join(' ', parsed.Errors.Select(error => error.Message))} See --help.");
        return await parsed.InvokeAsync(new() { EnableDefaultExceptionHandler = false }, cancel);
    }

    private static RootCommand Create()
    {
        var scenarios = new Argument<string[]>("scenario")
        {
            Description = "What to measure; everything by default.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        scenarios.AcceptOnlyFromAmong([.. Scenario.All.Select(scenario => scenario.Name)]);
        var quick = new Option<bool>("--quick") { Description = "Short and small: shows that it works, not how fast it is." };
        var rounds = new Option<int?>("--rounds") { Description = "How often each pair of stretches is measured." };
        var seconds = new Option<int?>("--seconds") { Description = "Length of one stretch of full load." };
        var publishers = new Option<int?>("--publishers") { Description = "Publishers at once under full load." };
        var pending = new Option<int?>("--pending") { Description = "Pending deliveries in 'backlog'." };
        var messages = new Option<int?>("--messages") { Description = "Messages in 'lists' and 'retention'." };
        var data = new Option<string?>("--data") { Description = "A folder on the disk to measure on. Default /var/tmp." };
        var server = new Option<string?>("--server") { Description = "The server program. Default: this repository's, published first." };
        var store = new Option<StoreChoice>("--store") { Description = "Where servers keep what they keep: sqlite (default), postgres, or one of them behind Redis: sqliteRedis, postgresRedis." };
        var databaseCpu = new Option<int?>("--database-cpu") { Description = "A CPU that PostgreSQL has to itself, counted from 0. Everything else, raw as well, runs on the others." };
        var report = new Option<string?>("--report")
        {
            Description = "A Markdown document with result markers to write into. Default for a full run: docs/benchmarks.md.",
        };

        var command = new RootCommand("Measures Grapnel, end to end and in pieces.")
        {
            scenarios, quick, rounds, seconds, publishers, pending, messages, data, server, store, databaseCpu, report,
        };
        command.SetAction((parsed, cancel) =>
        {
            var sizes = parsed.GetValue(quick) ? BenchOptions.Quick : new BenchOptions();
            var options = sizes with
            {
                Rounds = parsed.GetValue(rounds) ?? sizes.Rounds,
                Seconds = parsed.GetValue(seconds) ?? sizes.Seconds,
                Publishers = parsed.GetValue(publishers) ?? sizes.Publishers,
                Pending = parsed.GetValue(pending) ?? sizes.Pending,
                Messages = parsed.GetValue(messages) ?? sizes.Messages,
                DataRoot = parsed.GetValue(data) ?? sizes.DataRoot,
                Server = parsed.GetValue(server),
                Store = parsed.GetValue(store),
                DatabaseCpu = parsed.GetValue(databaseCpu),
            };
            var names = parsed.GetValue(scenarios) ?? [];
            var isFullRun = names.Length == 0 && !parsed.GetValue(quick);
            return RunScenariosAsync(options, names, parsed.GetValue(report) ?? (isFullRun ? Repository.Results : null), cancel);
        });
        return command;
    }

    private static async Task<int> RunScenariosAsync(BenchOptions options, string[] names, string? document, CancellationToken cancel)
    {
        if (Programs.Where(program => ChildProcess.Find(program) is null).ToArray() is { Length: > 0 } missing)
            throw new BenchException($"Missing: {string.Join(", ", missing)}. On Debian: sudo apt-get install -y nginx-light wrk");
        var report = new Report(Heading(options, names), [.. Machine.Describe(options.DataRoot, TimeProvider.System)]);
        await using var bench = new Workbench(options with { Server = options.Server ?? await Repository.PublishServerAsync(cancel) });
        foreach (var scenario in Scenario.All.Where(scenario => names.Length == 0 || names.Contains(scenario.Name)))
        {
            Console.WriteLine($"{scenario.Title}\n");
            report.Add(await MeasureAsync(scenario, bench, cancel));
            Console.WriteLine(report.LastPart);
        }
        if (document is not null)
            report.WriteInto(document);
        return report.AllMet ? 0 : 1;
    }

    /// <summary>What one scenario cannot measure is told, and takes nothing from the others.</summary>
    private static async Task<ReportPart> MeasureAsync(Scenario scenario, Workbench bench, CancellationToken cancel)
    {
        try
        {
            return new ReportPart(scenario.Title, await scenario.RunAsync(bench, cancel));
        }
        catch (Exception failure) when (!cancel.IsCancellationRequested)
        {
            if (failure is not BenchException)
                Console.Error.WriteLine(failure);
            return new ReportPart(scenario.Title, [], failure.Message);
        }
    }

    private static string Heading(BenchOptions options, string[] names) =>
        $"Scenarios: {(names.Length == 0 ? "all" : string.Join(", ", names))}. Store: {options.Store}{(options.DatabaseCpu is null ? "" : ", PostgreSQL with a CPU of its own")}. " +
        $"{options.Rounds} rounds of {options.Seconds} s at full load by {options.Publishers} publishers, " +
        $"{options.SteadySeconds} s at {options.SteadyRate} events/s. " +
        $"Medians, with the smallest and the largest round in brackets.";
}
