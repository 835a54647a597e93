using System.CommandLine;
using System.CommandLine.Parsing;
using Grapnel.Registry;
using Grapnel.Storage;
using Grapnel.Storage.Sqlite;

namespace Grapnel.Server.Commands;

/// <summary><c>grapnel admin</c>: what must work when nobody can get in, on the data folder itself.</summary>
internal static class AdminCommand
{
    public static Command Create() => new("admin", """
        Manage API keys in the data folder itself, for example when the last key is lost.
        A data folder serves one process: stop the server first, and start it again afterwards.
        """)
    {
        CreateKey(), ListKeys(), RevokeKey(),
    };

    private static Command CreateKey()
    {
        var name = new Option<string>("--name") { Description = "What the key is for.", HelpName = "name", DefaultValueFactory = _ => "Made by 'grapnel admin'" };
        var data = Data();
        var command = new Command("create-key", "Make an API key and print it. It is shown this one time only.") { name, data };
        command.SetAction((args, cancel) => OnKeysAsync(args.GetRequiredValue(data), cancel, async keys =>
        {
            var made = await keys.CreateAsync(args.GetRequiredValue(name));
            Console.Error.WriteLine($"Key {made.Key.Id}, shown this one time only:");
            Console.WriteLine(made.Text);
        }));
        return command;
    }

    private static Command ListKeys()
    {
        var data = Data();
        var command = new Command("list-keys", "List the API keys, revoked ones included, the oldest first.") { data };
        command.SetAction((args, cancel) => OnKeysAsync(args.GetRequiredValue(data), cancel, async keys =>
        {
            var terminal = Terminal.Standard();
            foreach (var key in await keys.ListAsync(cancel))
            {
                var state = key.RevokedAt is { } at ? terminal.Dim($"revoked {at:yyyy-MM-dd}") : terminal.Good("works             ");
                terminal.WriteLines($"{key.Id}  {key.Hint + "…",-10}  {key.CreatedAt:yyyy-MM-dd HH:mm}  {state}  {Terminal.Clean(key.Name, 60)}");
            }
        }));
        return command;
    }

    private static Command RevokeKey()
    {
        var id = new Argument<Id<ApiKey>>("id") { Description = "The key's id, as list-keys shows it: key_...", CustomParser = ParseId };
        var data = Data();
        var command = new Command("revoke-key", "Revoke an API key, for good.") { id, data };
        command.SetAction((args, cancel) => OnKeysAsync(args.GetRequiredValue(data), cancel, async keys =>
        {
            await keys.RevokeAsync(args.GetRequiredValue(id));
            Console.WriteLine($"{args.GetRequiredValue(id)} no longer works.");
        }));
        return command;
    }

    private static async Task OnKeysAsync(string data, CancellationToken cancel, Func<ApiKeyRegistry, Task> act)
    {
        if (!Directory.Exists(data))
            throw new CommandException($"There is no data folder {Path.GetFullPath(data)}. Name the server's with --data.");
        try
        {
            await using var store = await SqliteStore.OpenAsync(new SqliteStoreOptions { Data = data }, TimeProvider.System, cancel);
            await act(new ApiKeyRegistry(store.Catalog, new CatalogEvents(), new IdGenerator(TimeProvider.System), TimeProvider.System));
        }
        catch (StoreLockedException locked)
        {
            throw new CommandException($"{locked.Message} Stop it, run this again, and start it anew.", locked);
        }
        catch (Exception failure) when (failure is StoreOpenException or StoreUnavailableException or NotFoundException or InvalidInputException)
        {
            throw new CommandException(failure.Message, failure);
        }
    }

    private static Option<string> Data() => new("--data")
    {
        Description = "The server's data folder.", HelpName = "folder", DefaultValueFactory = _ => new SqliteStoreOptions().Data,
    };

    private static Id<ApiKey> ParseId(ArgumentResult result)
    {
        if (!Id<ApiKey>.TryParse(result.Tokens.Single().Value, out var id))
            result.AddError($"'{result.Tokens.Single().Value}' is not the id of a key; list-keys shows them.");
        return id;
    }
}
