using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Grapnel.Registry;
using Grapnel.Server.Commands.Keys;
using Grapnel.Server.Commands.Users;

namespace Grapnel.Server.Commands;

/// <summary><c>grapnel admin</c>: API keys, of a running server or, when nobody can get in any more, in the data folder itself; and there, users.</summary>
internal static class AdminCommand
{
    public static Command Create() => new("admin", """
        Manage API keys: with --url those of a running server, through its API; otherwise those in the data folder itself, for example
        when the last key is lost. A data folder serves one process: for that, stop the server first, and start it again afterwards.
        Users of the console are managed there; what is here works on the data folder only, for when nobody can sign in any more.
        """)
    {
        CreateKey(), ListKeys(), RevokeKey(), KeyRingCommand.Create(), UserCommands.CreateUser(), UserCommands.ResetPassword(),
    };

    private static Command CreateKey()
    {
        var name = new Option<string>("--name") { Description = "What the key is for.", HelpName = "name", DefaultValueFactory = _ => "Made by 'grapnel admin'" };
        var scope = new Option<ApiKeyScope>("--scope") { Description = "What it may do. Default: everything.", HelpName = "full|publish|read" };
        var application = new Option<string?>("--application") { Description = "The one application it is for. Default: all of them.", HelpName = "id or uid" };
        var expires = new Option<DateTimeOffset?>("--expires")
        {
            Description = "When it stops working by itself, like 2027-01-31 or 2027-01-31T12:00:00Z. Default: never.", HelpName = "time", CustomParser = ParseTime,
        };
        var command = new Command("create-key", "Make an API key and print it. It is shown this one time only.") { name, scope, application, expires };
        SetAction(command, async (keys, args, cancel) =>
        {
            var made = await keys.CreateAsync(new ApiKeyInput
            {
                Name = args.GetRequiredValue(name), Scope = args.GetValue(scope), Application = args.GetValue(application), ExpiresAt = args.GetValue(expires),
            }, cancel);
            System.Console.Error.WriteLine($"Key {made.Id}, shown this one time only:");
            System.Console.WriteLine(made.Key);
        });
        return command;
    }

    private static Command ListKeys()
    {
        var command = new Command("list-keys", "List the API keys, revoked ones included, the oldest first.");
        SetAction(command, async (keys, _, cancel) =>
        {
            var terminal = Terminal.Standard();
            foreach (var key in await keys.ListAsync(cancel))
            {
                var used = key.LastUsedAt is { } at ? $"used {at:yyyy-MM-dd HH:mm}" : "never used";
                terminal.WriteLines($"{key.Id}  {key.Hint + "…",-10}  {key.CreatedAt:yyyy-MM-dd HH:mm}  {State(key, terminal)}  {key.Scope,-7}  " +
                    $"{key.Application ?? "all applications",-26}  {used,-21}  {Terminal.Clean(key.Name, 60)}");
            }
        });
        return command;
    }

    private static string State(ListedKey key, Terminal terminal) => key switch
    {
        { RevokedAt: { } at } => terminal.Dim($"revoked {at:yyyy-MM-dd}"),
        { ExpiresAt: { } at } when at <= TimeProvider.System.GetUtcNow() => terminal.Dim($"expired {at:yyyy-MM-dd}"),
        { ExpiresAt: { } at } => terminal.Good($"until   {at:yyyy-MM-dd}"),
        _ => terminal.Good("works             "),
    };

    private static Command RevokeKey()
    {
        var id = new Argument<Id<ApiKey>>("id") { Description = "The key's id, as list-keys shows it: key_...", CustomParser = ParseId };
        var command = new Command("revoke-key", "Revoke an API key, for good.") { id };
        SetAction(command, async (keys, args, cancel) =>
        {
            await keys.RevokeAsync(args.GetRequiredValue(id), cancel);
            System.Console.WriteLine($"{args.GetRequiredValue(id)} no longer works.");
        });
        return command;
    }

    private static void SetAction(Command command, Func<IKeyRing, ParseResult, CancellationToken, Task> act)
    {
        var options = new KeyRingOptions();
        options.AddTo(command);
        command.SetAction(async (args, cancel) =>
        {
            await using var keys = await options.OpenAsync(args, cancel);
            await act(keys, args, cancel);
        });
    }

    private static DateTimeOffset? ParseTime(ArgumentResult result)
    {
        var text = result.Tokens.Single().Value;
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            return time;
        result.AddError($"'{text}' is not a time; write it like 2027-01-31 or 2027-01-31T12:00:00Z.");
        return null;
    }

    private static Id<ApiKey> ParseId(ArgumentResult result)
    {
        if (!Id<ApiKey>.TryParse(result.Tokens.Single().Value, out var id))
            result.AddError($"'{result.Tokens.Single().Value}' is not the id of a key; list-keys shows them.");
        return id;
    }
}
