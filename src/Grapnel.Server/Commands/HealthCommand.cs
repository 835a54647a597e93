using System.CommandLine;
using System.Net;
using System.Text.Json;
using Grapnel.Server.Commands.Client;

namespace Grapnel.Server.Commands;

/// <summary><c>grapnel health</c>: whether a running server can do its work; for health checks where there is neither a shell nor curl.</summary>
internal static class HealthCommand
{
    public static Command Create()
    {
        var url = CommandOptions.Url();
        var command = new Command("health", "Ask a running server whether it can do its work. Needs no API key. Exits with 0 if it can, with 1 if not, and says what is missing.") { url };
        command.SetAction(async (args, cancel) =>
        {
            using var client = ApiClient.WithoutKey(args.GetValue(url));
            Terminal.Standard().WriteLines(await AskAsync(client, cancel));
        });
        return command;
    }

    private static async Task<string> AskAsync(ApiClient client, CancellationToken cancel)
    {
        var answer = await client.GetAsync("/health/ready", cancel);
        return answer.Status switch
        {
            HttpStatusCode.OK => $"{client.Address} is ready.",
            HttpStatusCode.ServiceUnavailable => throw new CommandException($"{client.Address} is not ready: {Missing(answer.Body)}."),
            var other => throw new CommandException($"{client.Address} answered {(int)other}, so it is no Grapnel server, or something stands in between."),
        };
    }

    // Whatever is named beside the status is a part of the server: this one knows newer servers' parts too.
    private static string Missing(byte[] body)
    {
        try
        {
            using var parts = JsonDocument.Parse(body);
            var missing = parts.RootElement.EnumerateObject().Where(part => part.Name != "status" && part.Value.ValueKind == JsonValueKind.String && part.Value.GetString() != "ok");
            return string.Join(", ", missing.Select(part => $"{part.Name} {part.Value}")) is { Length: > 0 } text ? text : "it does not say why";
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return "it does not say why";
        }
    }
}
