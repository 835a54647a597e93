using System.CommandLine;
using Grapnel.Server.Commands.Client;
using Grapnel.Server.Commands.Samples;

namespace Grapnel.Server.Commands;

/// <summary><c>grapnel sample</c>: loads sample data into a running server.</summary>
internal static class SampleCommand
{
    public static Command Create()
    {
        var consumer = new Option<Uri?>("--consumer")
        {
            Description = "Where the sample endpoints point to; 'grapnel listen' is there by default.", HelpName = "url",
            CustomParser = CommandOptions.ParseUrl, DefaultValueFactory = _ => new Uri("http://127.0.0.1:8888"),
        };
        var url = CommandOptions.Url();
        var key = CommandOptions.Key();
        var command = new Command("sample", """
            Load sample event types and endpoints into a running server, through its API. Running it twice changes nothing.
            Endpoints on this machine need a server that was started with --allow-net 127.0.0.0/8.
            """) { consumer, url, key };
        command.SetAction(async (args, cancel) =>
        {
            using var client = ApiClient.Create(args.GetValue(url), args.GetValue(key));
            await RunAsync(new SampleData(client, args.GetRequiredValue(consumer)!), Terminal.Standard(), cancel);
        });
        return command;
    }

    private static async Task RunAsync(SampleData data, Terminal terminal, CancellationToken cancel)
    {
        var summary = await data.LoadAsync(cancel);
        terminal.WriteLines(
            $"{SampleEvents.All.Count} event types and {summary.Total - SampleEvents.All.Count} endpoints are there; {summary.Added} of these {summary.Total} are new.",
            "",
            terminal.Dim("Receive their webhooks:  ") + $"grapnel listen --secret {await data.ReadSecretAsync(cancel)}",
            terminal.Dim("Send one:                ") + "grapnel trigger order.created");
    }
}
