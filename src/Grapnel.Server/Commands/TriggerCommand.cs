using System.CommandLine;
using System.Text;
using Grapnel.Server.Commands.Triggering;

namespace Grapnel.Server.Commands;

/// <summary><c>grapnel trigger</c>: publishes one event to a running server.</summary>
internal static class TriggerCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static Command Create()
    {
        var eventType = new Argument<string>("event") { Description = "The event type, for example order.created." };
        var data = new Option<string>("--data", "-d")
        {
            Description = "The payload: JSON, @file to read a file, or @- for standard input.", HelpName = "json", DefaultValueFactory = _ => "{}",
        };
        var url = CommandOptions.Url();
        var key = CommandOptions.Key();

        var command = new Command("trigger", "Publish an event to a running server, and show which endpoints it is owed to.") { eventType, data, url, key };
        command.SetAction(async (args, cancel) =>
        {
            var payload = await ReadPayloadAsync(args.GetRequiredValue(data), cancel);
            using var http = new HttpClient { Timeout = Patience };
            var client = new TriggerClient(http, args.GetRequiredValue(url), ApiKeySource.Find(args.GetValue(key)));
            Show(await client.TriggerAsync(args.GetRequiredValue(eventType), payload, cancel), Terminal.Standard());
        });
        return command;
    }

    private static async Task<byte[]> ReadPayloadAsync(string data, CancellationToken cancel)
    {
        if (!data.StartsWith('@'))
            return Encoding.UTF8.GetBytes(data);
        try
        {
            await using var source = data == "@-" ? Console.OpenStandardInput() : File.OpenRead(data[1..]);
            using var buffer = new MemoryStream();
            await source.CopyToAsync(buffer, cancel);
            return buffer.ToArray();
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandException($"Cannot read the payload from '{data[1..]}': {unreadable.Message}", unreadable);
        }
    }

    private static void Show(TriggerReceipt receipt, Terminal terminal)
    {
        var routes = receipt.Endpoints ?? [];
        var owed = routes.Count(r => r.Owed);
        terminal.WriteLines($"{terminal.Bold(receipt.Id)}  accepted, owed to {owed} of {routes.Count} {(routes.Count == 1 ? "endpoint" : "endpoints")}");
        foreach (var route in routes)
        {
            var mark = route.Owed ? terminal.Good("owed    ") : terminal.Dim("not owed");
            terminal.WriteLines($"  {mark}  {Terminal.Clean(route.Url ?? route.Id, 60)}  {terminal.Dim(Terminal.Clean(route.Reason ?? "", 80))}");
        }
    }
}
