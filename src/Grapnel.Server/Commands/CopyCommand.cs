using System.CommandLine;
using Grapnel.Server.Commands.Stores;
using Grapnel.Server.Hosting;
using Grapnel.Storage;
using Grapnel.Storage.Copying;

namespace Grapnel.Server.Commands;

/// <summary><c>grapnel copy</c>: moves everything from an embedded store to an empty PostgreSQL database.</summary>
internal static class CopyCommand
{
    public static Command Create()
    {
        var from = Place("--from", "The embedded store of a stopped server: sqlite:<folder>.", "sqlite:folder");
        var to = Place("--to", "An empty database: postgres:<connection string>.", "postgres:connection");
        var command = new Command("copy", """
            Move everything from an embedded store to an empty PostgreSQL database: what is configured, what is pending and what happened. Stop the server
            first. The store is only read, and stays as it is. A copy that was interrupted goes on when the same command is run again. At the end all
            rows are read back and compared; until then no server starts on the database.
            """)
        {
            from, to,
        };
        command.SetAction((args, cancel) => RunAsync(args.GetRequiredValue(from), args.GetRequiredValue(to), cancel));
        return command;
    }

    private static Option<StorePlace> Place(string name, string description, string helpName) =>
        new(name) { Description = description, HelpName = helpName, Required = true, CustomParser = StoreOption.Parse };

    private static async Task RunAsync(StorePlace from, StorePlace to, CancellationToken cancel)
    {
        if (from.Kind != StoreKind.Sqlite || to.Kind != StoreKind.Postgres)
            throw new CommandException("Only --from sqlite:<folder> --to postgres:<connection string> can be copied.");
        var terminal = Terminal.Standard();
        terminal.WriteLines($"From {from} to {to}.");
        var lines = new CopyLines(terminal, TimeProvider.System);
        try
        {
            var tables = await new StoreCopy(TimeProvider.System) { Told = lines.Tell, HistoryPartition = to.PostgresOptions().HistoryPartition }
                .RunAsync(from.Location, to.Location, cancel);
            lines.Conclude(tables);
        }
        catch (StoreLockedException locked)
        {
            throw new CommandException($"{locked.Message} Stop that server first: what it accepts while the store is copied would be left behind.", locked);
        }
        catch (StoreOpenException failure)
        {
            throw new CommandException(failure.Message, failure);
        }
        catch (OperationCanceledException stopped) when (cancel.IsCancellationRequested)
        {
            // Not a success: whoever runs this from a script must not start a server now.
            throw new CommandException("Stopped before the end. Run the same command again: it goes on where it was.", stopped);
        }
    }
}
