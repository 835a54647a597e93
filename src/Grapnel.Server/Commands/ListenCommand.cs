using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using Grapnel.Sending.Signing;
using Grapnel.Server.Commands.Listening;

namespace Grapnel.Server.Commands;

/// <summary><c>grapnel listen</c>: a webhook receiver to try things with.</summary>
internal static class ListenCommand
{
    public static Command Create()
    {
        var port = CommandOptions.Port("--port", 8888, "Port to listen on; 0 takes a free one.");
        var host = new Option<IPAddress>("--host")
        {
            Description = "Address to listen on; 0.0.0.0 lets other machines in.", HelpName = "address",
            CustomParser = CommandOptions.ParseAddress, DefaultValueFactory = _ => IPAddress.Loopback,
        };
        var status = CommandOptions.Number("--status", "code", 200, 200, 599, "Status to answer with.");
        var failFirst = CommandOptions.Number(
            "--fail-first", "N", 0, 0, 1_000_000, "Answer the first N attempts of each message with 503 (or --status, when that is a failure).");
        var delay = new Option<TimeSpan>("--delay") { Description = "Wait before each answer: 500ms, 2s, 1m.", HelpName = "time", CustomParser = CommandOptions.ParseDuration };
        var secret = new Option<ReceiverKey?>("--secret")
        {
            Description = "The endpoint's secret (whsec_...) or public key (whpk_...), to check signatures with.", HelpName = "secret", CustomParser = ParseSecret, DefaultValueFactory = _ => null,
        };
        var paths = new Option<Dictionary<string, int>>("--path-status")
        {
            Description = "Another status for one path, for example /orders=503. Repeatable.", HelpName = "path=code", CustomParser = ParsePaths,
        };

        var command = new Command("listen", "Receive webhooks and show them: a test consumer. http://127.0.0.1:8888 lists the last twenty in a browser.")
        {
            port, host, status, failFirst, delay, secret, paths,
        };
        command.SetAction((args, cancel) =>
        {
            var rule = new ListenerRule
            {
                Status = args.GetValue(status), FailFirst = args.GetValue(failFirst), Delay = args.GetValue(delay),
            };
            var options = new ListenerOptions
            {
                Address = args.GetRequiredValue(host), Port = args.GetValue(port), Rule = rule, Secret = args.GetValue(secret),
                PathRules = (args.GetValue(paths) ?? []).ToDictionary(p => p.Key, p => rule with { Status = p.Value }),
            };
            return RunAsync(options, Terminal.Standard(), cancel);
        });
        return command;
    }

    private static async Task RunAsync(ListenerOptions options, Terminal terminal, CancellationToken cancel)
    {
        await using var listener = new WebhookListener(options, TimeProvider.System);
        var lines = new WebhookLines(terminal, TimeZoneInfo.Local);
        listener.Received += webhook => terminal.WriteLines(lines.Format(webhook));
        await StartedServer.StartAsync(listener.StartAsync, "--port", cancel);
        terminal.WriteLines($"Listening on {terminal.Bold(listener.Url.ToString().TrimEnd('/'))}. Ctrl+C ends it.", "");
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
    }

    private static ReceiverKey? ParseSecret(ArgumentResult result)
    {
        if (ReceiverKey.TryParse(result.Tokens.Single().Value, out var key, out var error))
            return key;
        result.AddError($"--secret: {error}");
        return null;
    }

    private static Dictionary<string, int> ParsePaths(ArgumentResult result)
    {
        var statuses = new Dictionary<string, int>();
        foreach (var token in result.Tokens)
        {
            var split = token.Value.LastIndexOf('=');
            if (split < 1 || token.Value[0] != '/' || !int.TryParse(token.Value.AsSpan(split + 1), out var status) || status is < 200 or > 599)
                result.AddError($"'{token.Value}' does not fit; write a path and a status from 200 to 599, for example /orders=503.");
            else
                statuses[token.Value[..split]] = status;
        }
        return statuses;
    }
}
