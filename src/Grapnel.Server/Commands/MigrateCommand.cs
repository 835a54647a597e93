using System.CommandLine;
using Grapnel.Server.Commands.Stores;

namespace Grapnel.Server.Commands;

/// <summary><c>grapnel migrate</c>: brings a store to the shape that this version needs, ahead of the servers that will use it.</summary>
internal static class MigrateCommand
{
    public static Command Create()
    {
        var store = StoreOption.Create("--store", "The store to migrate");
        var command = new Command("migrate", """
            Bring a store to the shape that this version needs, or make a new one, and end. Servers do this themselves when they start, one of them while
            the others wait; with Postgres:Migrate=false they do not, and this is how it is done.
            """)
        {
            store,
        };
        command.SetAction((args, cancel) => RunAsync(StoreOption.Choose(args, store), cancel));
        return command;
    }

    private static async Task RunAsync(StorePlace place, CancellationToken cancel)
    {
        await using var store = await place.OpenAsync(create: true, "Stop that server first; it migrates by itself when it is started again.", cancel);
        System.Console.WriteLine($"{place} is ready for this version.");
    }
}
