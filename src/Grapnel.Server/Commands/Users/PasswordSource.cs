using System.CommandLine;
using System.Text;
using Grapnel.Server.Auth.Users;

namespace Grapnel.Server.Commands.Users;

/// <summary>
/// Where a command takes a password from: made up and printed, typed twice without being seen, or a line of standard input. Never from the
/// command line, where everybody on the machine could read it.
/// </summary>
internal sealed class PasswordSource
{
    private readonly Option<bool> _generate = new("--generate")
    {
        Description = "Make the password up and print it, this one time only. Without it, it is asked for, or read as a line from standard input.",
    };

    public void AddTo(Command command) => command.Add(_generate);

    /// <summary>The password, and whether the command is to print it.</summary>
    /// <exception cref="CommandException">There was none, or the two that were typed differ.</exception>
    public (string Password, bool IsGenerated) Read(ParseResult args)
    {
        if (args.GetValue(_generate))
            return (Accounts.NewPassword(), true);
        var password = System.Console.IsInputRedirected ? System.Console.In.ReadLine() ?? "" : AskTwice();
        if (password.Length == 0)
            throw new CommandException("There was no password. Give one as a line on standard input, or have one made with --generate.");
        return (password, false);
    }

    private static string AskTwice()
    {
        var first = Ask($"Password, at least {Accounts.MinPasswordLength} characters: ");
        return Ask("Once more: ") == first ? first : throw new CommandException("The two passwords differ. Nothing was changed.");
    }

    private static string Ask(string question)
    {
        System.Console.Error.Write(question);
        var typed = new StringBuilder();
        while (System.Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
                typed.Length = Math.Max(0, typed.Length - 1);
            else if (!char.IsControl(key.KeyChar))
                typed.Append(key.KeyChar);
        }
        System.Console.Error.WriteLine();
        return typed.ToString();
    }
}
