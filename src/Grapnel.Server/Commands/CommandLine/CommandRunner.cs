using System.CommandLine;
using System.CommandLine.Invocation;

namespace Grapnel.Server.Commands;

/// <summary>
/// Runs a command line. Exit codes: 0 for success, a stop by Ctrl+C or SIGTERM included; 1 for a failure, told in one sentence on
/// standard error; 2 for wrong usage.
/// </summary>
internal static class CommandRunner
{
    public static async Task<int> RunAsync(RootCommand root, IReadOnlyList<string> args)
    {
        root.SetAction(_ => root.Parse("--help").Invoke());
        var parsed = root.Parse(args);
        // --help and --version replace the error action, so that they work on a half-typed command too.
        if (parsed.Action is ParseErrorAction)
            return ReportUsage(parsed);

        using var termination = new Termination();
        try
        {
            var settings = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(settings, termination.Token);
        }
        catch (OperationCanceledException) when (termination.Token.IsCancellationRequested)
        {
            return 0;
        }
        catch (CommandException failure)
        {
            System.Console.Error.WriteLine(failure.Message);
            return 1;
        }
    }

    private static int ReportUsage(ParseResult parsed)
    {
        foreach (var error in parsed.Errors)
            System.Console.Error.WriteLine(error.Message);
        System.Console.Error.WriteLine($"'{PathOf(parsed.CommandResult.Command)} --help' shows how it is used.");
        return 2;
    }

    private static string PathOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{PathOf(parent)} {command.Name}" : "grapnel";
}
