using System.CommandLine;
using Grapnel.Sending.Signing;
using Grapnel.Server.Commands.Client;
using Grapnel.Server.Commands.Demo;
using Grapnel.Server.Commands.Listening;
using Grapnel.Server.Commands.Samples;

namespace Grapnel.Server.Commands;

/// <summary><c>grapnel demo</c>: everything at once, in one process.</summary>
internal static class DemoCommand
{
    private const int FlakyFailures = 2;

    public static Command Create()
    {
        var data = new Option<string?>("--data") { Description = "Folder to keep the data in; its endpoints stay with the consumer port of the first run. Default: a fresh folder, removed at the end.", HelpName = "folder" };
        var port = CommandOptions.Port("--port", 8000, "Port of the server; 0 takes a free one.");
        var consumerPort = CommandOptions.Port("--consumer-port", 8888, "Port of the test consumer; 0 takes a free one.");
        var command = new Command("demo", "See it work: a server with sample data, a test consumer, and random events, all in one process on this machine.")
        {
            data, port, consumerPort,
        };
        command.SetAction((args, cancel) => RunAsync(args.GetValue(data), args.GetValue(port), args.GetValue(consumerPort), cancel));
        return command;
    }

    private static async Task RunAsync(string? data, int port, int consumerPort, CancellationToken cancel)
    {
        var terminal = Terminal.Standard();
        using var folder = new DemoFolder(data);
        await using var listener = new WebhookListener(ListenerFor(consumerPort), TimeProvider.System);
        await StartedServer.StartAsync(listener.StartAsync, "--consumer-port", cancel);
        await using var server = await DemoServer.StartAsync(folder.Path, port, cancel);
        var key = await DemoServer.KeyAsync(server, folder.Path, cancel);
        using var client = new ApiClient(new Uri(server.Urls.First()), key);
        var sample = new SampleData(client, listener.Url) { FlakyRetrySchedule = [2, 4, 8] };
        await sample.LoadAsync(cancel);
        var signIn = await DemoAccount.EnsureAsync(server.Services, cancel);
        await DemoInbox.EnsureAsync(server.Services, new Uri(client.Address), cancel);
        // Read back, not chosen here: endpoints in a folder that was kept sign with the secret of their first run.
        listener.Secret = ReceiverKey.TryParse(await sample.ReadSecretAsync(cancel), out var receiverKey, out _) ? receiverKey : null;

        WriteBanner(terminal, client.Address, listener.Url, key, signIn);
        var lines = new WebhookLines(terminal, TimeZoneInfo.Local);
        listener.Received += webhook => terminal.WriteLines(lines.Brief(webhook));
        var traffic = new DemoTraffic(client, TimeProvider.System, new Random());
        traffic.Triggering += (at, eventType, data) => terminal.WriteLines(lines.Announce(at, eventType, data));
        await traffic.RunAsync(cancel);
    }

    private static ListenerOptions ListenerFor(int port) => new()
    {
        Port = port,
        PathRules = new Dictionary<string, ListenerRule> { [SampleData.FlakyPath] = new() { FailFirst = FlakyFailures } },
    };

    private static void WriteBanner(Terminal terminal, string server, Uri consumer, string key, string signIn) => terminal.WriteLines(
        $"{terminal.Bold("Grapnel demo")}. Ctrl+C ends it.",
        "",
        $"  {terminal.Dim("Server")}    {server}   {SampleEvents.All.Count} event types, 4 endpoints, a test inbox, random events",
        $"  {terminal.Dim("Console")}   {server}   {signIn}",
        $"  {terminal.Dim("Consumer")}  {consumer.GetLeftPart(UriPartial.Authority)}   /flaky refuses the first {FlakyFailures} attempts of each message",
        "",
        "Send an event of your own:",
        "",
        $"  curl -X POST {server}/trigger/order.created -H \"Authorization: Bearer {key}\" -H \"Content-Type: application/json\" -d '{{\"hello\":\"world\"}}'",
        "");
}
