using System.CommandLine;
using System.CommandLine.Parsing;
using Grapnel.Server.Commands.Stores;

namespace Grapnel.Server.Commands.Users;

/// <summary><c>grapnel admin create-user</c> and <c>reset-password</c>: people who may sign in to the console, in the folder of a stopped server.</summary>
internal static class UserCommands
{
    public static Command CreateUser()
    {
        var role = new Option<UserRole>("--role") { Description = "What the person may do.", HelpName = "administrator|operator|viewer", DefaultValueFactory = _ => UserRole.Administrator };
        role.AcceptOnlyFromAmong("administrator", "operator", "viewer");
        var command = new Command("create-user", "Make somebody who may sign in to the console, in the data folder of a stopped server.") { role };
        SetAction(command, async (users, args, name, password, cancel) =>
        {
            var made = await users.CreateAsync(name, password, args.GetValue(role), cancel);
            return $"{Terminal.Clean(made.Name, 254)} may sign in as {made.Role.ToString().ToLowerInvariant()}.";
        });
        return command;
    }

    public static Command ResetPassword()
    {
        var command = new Command("reset-password", "Give somebody another password, and lift a lock-out, in the data folder of a stopped server.");
        SetAction(command, async (users, _, name, password, cancel) =>
        {
            await users.ResetPasswordAsync(name, password, cancel);
            return $"{Terminal.Clean(name, 254)} has a new password; sessions with the old one have ended.";
        });
        return command;
    }

    private static void SetAction(Command command, Func<FolderAccounts, ParseResult, string, string, CancellationToken, Task<string>> act)
    {
        var name = new Option<string>("--name") { Description = "What the person signs in with: an e-mail address, or any other name.", HelpName = "name", Required = true };
        var data = StoreOption.Folder();
        var store = StoreOption.Create("--store", "The store, where that is not the data folder of a stopped server");
        var url = new Option<string?>("--url") { Hidden = true };
        var password = new PasswordSource();
        command.Add(name);
        command.Add(data);
        command.Add(store);
        command.Add(url);
        password.AddTo(command);
        command.Validators.Add(given => RefuseUrl(given, url));
        command.SetAction(async (args, cancel) =>
        {
            await using var users = await FolderAccounts.OpenAsync(StoreOption.Choose(args, data, store), cancel);
            var (text, isGenerated) = password.Read(args);
            System.Console.Error.WriteLine(await act(users, args, args.GetRequiredValue(name), text, cancel));
            if (isGenerated)
                System.Console.WriteLine(text);
        });
    }

    // The other commands of 'admin' have it, so people will try.
    private static void RefuseUrl(CommandResult given, Option url)
    {
        if (given.GetResult(url) is not null)
            given.AddError("Users are not in reach of --url: work on the data folder of the stopped server with --data, or use the running server's console: Settings, Users.");
    }
}
