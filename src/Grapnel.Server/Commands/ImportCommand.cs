using System.CommandLine;
using Grapnel.Server.Commands.Client;
using Grapnel.Server.Commands.Configurations;

namespace Grapnel.Server.Commands;

/// <summary><c>grapnel import</c>: makes a running server say what a document says.</summary>
internal static class ImportCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "The document, YAML or JSON, as 'grapnel export' writes it; - reads standard input." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only tell what would change." };
        var prune = new Option<bool>("--prune")
        {
            Description = "Delete what the document does not name: event types, endpoints and schedules, where the document has such a section. Applications never go.",
        };
        var (url, key) = (CommandOptions.Url(), CommandOptions.Key());
        var command = new Command("import", """
            Make a running server say what a document says. What is there already stays as it is, so importing twice changes nothing. ${NAME} in the document stands
            for a variable of the environment: that is where secrets of new endpoints, client secrets and credentials in headers come from.
            """) { file, dryRun, prune, url, key };
        command.SetAction(async (args, cancel) =>
        {
            var document = await ConfigurationFile.ReadAsync(args.GetRequiredValue(file), Environment.GetEnvironmentVariable, cancel);
            using var client = ApiClient.Create(args.GetValue(url), args.GetValue(key));
            var import = new ConfigurationImport(client, args.GetValue(dryRun), args.GetValue(prune), cancel);
            var terminal = Terminal.Standard();
            try
            {
                await import.RunAsync(document);
            }
            finally
            {
                Tell(terminal, import, args.GetValue(dryRun));
            }
        });
        return command;
    }

    private static void Tell(Terminal terminal, ConfigurationImport import, bool dryRun)
    {
        foreach (var change in import.Changes)
        {
            var sign = change.Kind switch { ChangeKind.Made => terminal.Good("+"), ChangeKind.Deleted => terminal.Bad("-"), _ => terminal.Bold("~") };
            terminal.WriteLines($"{sign} {change.What} {Terminal.Clean(change.Key, 256)}{(change.Members.Count > 0 ? "  " + terminal.Dim(string.Join(", ", change.Members)) : "")}");
        }
        terminal.WriteLines($"{import.Changes.Count} {(dryRun ? "would change" : "changed")}, {import.Unchanged} as they should be.");
    }
}
