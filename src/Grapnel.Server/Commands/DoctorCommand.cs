using System.CommandLine;
using System.CommandLine.Parsing;
using Grapnel.Sending.Signing;
using Grapnel.Server.Commands.Client;
using Grapnel.Server.Commands.Examinations;
using Grapnel.Server.Hosting;

namespace Grapnel.Server.Commands;

/// <summary><c>grapnel doctor</c>: looks at an installation, running or stopped, and says what is wrong and what to do.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var data = new Option<string?>("--data") { Description = "The data folder. Default: what the settings say, else grapnel-data.", HelpName = "folder" };
        var url = new Option<Uri?>("--url")
        {
            Description = $"A running server whose health to ask for, for example {ApiClient.DefaultUrl}.", HelpName = "url", CustomParser = CommandOptions.ParseUrl,
        };
        var endpoint = new Option<string?>("--endpoint") { Description = "A receiver, by its URL or the endpoint's id: resolve its name, judge its address, connect, look at its certificate.", HelpName = "url|id" };
        var secret = new Option<EndpointSecret?>("--test-secret")
        {
            Description = "Also send one signed test to --endpoint, with this secret (whsec_... or whsk_...).", HelpName = "secret", CustomParser = ParseSecret,
        };
        var stuck = new Option<TimeSpan>("--stuck-after")
        {
            Description = "How long something must be due, with nobody trying, to count as stuck: 30s, 10m. Default: 10m.", HelpName = "time",
            CustomParser = CommandOptions.ParseDuration, DefaultValueFactory = _ => TimeSpan.FromMinutes(10),
        };
        var json = new Option<bool>("--json") { Description = "Write JSON, for programs." };
        var settings = new Argument<string[]>("settings") { Description = "Settings, as Name=value, as the server is started with them.", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("doctor", """
            Examine an installation, running or stopped: settings, store, key ring, Redis, lanes, clock, disk and limits; with --url a server's health, with
            --endpoint the way to a receiver. Settings come from where a server takes them that is started here. Nothing is changed, but for a small file
            that measures the disk and is removed. The exit code is 0 when all is fine, 1 when there is a finding.
            """)
        {
            data, url, endpoint, secret, stuck, json, settings,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(secret) is { Implicit: false } && result.GetResult(endpoint) is not { Implicit: false })
                result.AddError("--test-secret sends a test to an endpoint; name that with --endpoint.");
        });
        command.SetAction(async (args, cancel) =>
        {
            var examined = Examined.Read(SetupOf(args.GetValue(settings) ?? [], args.GetValue(data)), args.GetValue(stuck));
            var found = await ExamineAsync(examined, args.GetValue(url), args.GetValue(endpoint), args.GetValue(secret), cancel);
            if (args.GetValue(json))
                System.Console.WriteLine(Findings.ToJson(found));
            else
                Findings.Write(Terminal.Standard(), found);
            return found.All(finding => finding.Severity == Severity.Fine) ? 0 : 1;
        });
        return command;
    }

    /// <summary>Examines all that was asked for.</summary>
    public static async Task<IReadOnlyList<Finding>> ExamineAsync(Examined examined, Uri? url, string? endpoint, EndpointSecret? secret, CancellationToken cancel)
    {
        var time = TimeProvider.System;
        const string remedy = "Correct it where it stands: appsettings.json, the environment, or the command line.";
        var found = examined.Faults.Select(fault => Finding.Fault("settings", fault, remedy)).DefaultIfEmpty(Finding.Fine("settings", "All settings fit.")).ToList();
        found.AddRange(await StoreChecks.RunAsync(examined, time, cancel));
        found.AddRange(await RedisChecks.RunAsync(examined));
        found.AddRange(MachineChecks.Disk(examined, time));
        found.AddRange(MachineChecks.Limits());
        if (url is not null)
            found.AddRange(await ServerChecks.RunAsync(url, time, cancel));
        if (endpoint is not null)
            found.AddRange(await new EndpointChecks(examined, time).RunAsync(endpoint, secret, cancel));
        return found;
    }

    private static HostSetup SetupOf(string[] settings, string? data) => new()
    {
        Arguments = settings, Settings = data is null ? new Dictionary<string, string?>() : new Dictionary<string, string?> { ["Store:Data"] = data },
    };

    private static EndpointSecret? ParseSecret(ArgumentResult result)
    {
        if (WebhookSecret.TryParse(result.Tokens.Single().Value, out var secret, out var error))
            return secret;
        result.AddError($"--test-secret: {error}");
        return null;
    }
}
