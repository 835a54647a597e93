using System.CommandLine;
using System.Net;
using System.Text;
using Grapnel.Server.Commands.Client;

namespace Grapnel.Server.Commands;

/// <summary><c>grapnel trigger</c>: publishes one event to a running server.</summary>
internal static class TriggerCommand
{
    public static Command Create()
    {
        var eventType = new Argument<string>("event") { Description = "The event type, for example order.created." };
        var data = new Option<string?>("--data", "-d")
        {
            Description = "The payload: JSON, @file to read a file, or @- for standard input. Default: an envelope with type, time and no data.",
            HelpName = "json",
        };
        var url = CommandOptions.Url();
        var key = CommandOptions.Key();

        var command = new Command("trigger", "Publish an event to a running server, and show which endpoints it is owed to.") { eventType, data, url, key };
        command.SetAction(async (args, cancel) =>
        {
            var payload = await ReadPayloadAsync(args.GetValue(data) ?? "", cancel);
            using var client = ApiClient.Create(args.GetValue(url), args.GetValue(key));
            Show(await TriggerAsync(client, args.GetRequiredValue(eventType), payload, cancel), Terminal.Standard());
        });
        return command;
    }

    /// <summary>Publishes, or says why it was refused.</summary>
    public static async Task<TriggerReceipt> TriggerAsync(ApiClient client, string eventType, byte[] payload, CancellationToken cancel)
    {
        var answer = await client.PostAsync($"/trigger/{Uri.EscapeDataString(eventType)}", payload, cancel);
        if (answer.Status == HttpStatusCode.NotFound)
            throw new CommandException($"{client.Address} knows no event type '{eventType}'. Create it first, or check how it is spelt.");
        return answer.Read<TriggerReceipt>();
    }

    private static async Task<byte[]> ReadPayloadAsync(string data, CancellationToken cancel)
    {
        if (!data.StartsWith('@'))
            return Encoding.UTF8.GetBytes(data);
        try
        {
            await using var source = data == "@-" ? System.Console.OpenStandardInput() : File.OpenRead(data[1..]);
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
        var columns = Math.Min(60, receipt.Owed.Concat(receipt.NotOwed).Select(r => r.Url.Length).DefaultIfEmpty().Max());
        terminal.WriteLines($"{terminal.Bold(receipt.Id)}  owed to {receipt.Owed.Count} of {receipt.Owed.Count + receipt.NotOwed.Count} endpoints");
        foreach (var route in receipt.Owed)
            terminal.WriteLines(Line(terminal.Good("owed    "), route));
        foreach (var route in receipt.NotOwed)
            terminal.WriteLines(Line(terminal.Dim("not owed"), route));

        string Line(string mark, TriggerReceipt.Route route) =>
            $"  {mark}  {Terminal.Clean(route.Url, columns).PadRight(columns)}  {terminal.Dim(route.Why)}";
    }
}
