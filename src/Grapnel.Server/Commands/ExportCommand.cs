using System.CommandLine;
using System.Text.Json;
using Grapnel.Server.Commands.Client;
using Grapnel.Server.Commands.Configurations;

namespace Grapnel.Server.Commands;

/// <summary><c>grapnel export</c>: the configuration of a running server as one document.</summary>
internal static class ExportCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var output = new Option<string?>("--output", "-o") { Description = "The file to write. Default: the terminal.", HelpName = "file" };
        var application = new Option<string[]>("--application") { Description = "Only this application, by uid or id. Repeatable. Default: everything.", HelpName = "uid" };
        var json = new Option<bool>("--json") { Description = "Write JSON instead of YAML." };
        var (url, key) = (CommandOptions.Url(), CommandOptions.Key());
        var command = new Command("export", """
            Write the configuration of a running server: event types, applications, endpoints, schedules and operational webhooks. The same configuration gives the
            same text, so that changes can be reviewed. Secrets are not in it.
            """) { output, application, json, url, key };
        command.SetAction(async (args, cancel) =>
        {
            using var client = ApiClient.Create(args.GetValue(url), args.GetValue(key));
            var document = ConfigurationFile.Escape(await new ConfigurationReader(client, cancel).ReadAsync(args.GetValue(application) ?? []))!;
            var text = args.GetValue(json) ? document.ToJsonString(Indented) + "\n" : JsonYaml.Write(document);
            if (args.GetValue(output) is { } file)
                await WriteAsync(file, text, cancel);
            else
                System.Console.Write(text);
        });
        return command;
    }

    private static async Task WriteAsync(string file, string text, CancellationToken cancel)
    {
        try
        {
            await File.WriteAllTextAsync(file, text, cancel);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(failure.Message, failure);
        }
    }
}
