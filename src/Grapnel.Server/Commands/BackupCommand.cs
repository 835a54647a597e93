using System.CommandLine;
using Grapnel.Server.Commands.Backups;
using Grapnel.Server.Commands.Stores;
using Grapnel.Server.Hosting;

namespace Grapnel.Server.Commands;

/// <summary><c>grapnel backup</c>: a consistent copy of a store, while servers work on it.</summary>
internal static class BackupCommand
{
    /// <summary>What to say when the key ring is kept elsewhere.</summary>
    public const string WithoutKeyRing =
        "The key ring is not in it. Where the servers keep that in a folder of its own (Secrets:KeyRing), back it up, too: without it the secrets in this backup cannot be read.";

    public static Command Create()
    {
        var data = new Option<string?>("--data") { Description = "The data folder. Default: grapnel-data.", HelpName = "folder" };
        var store = StoreOption.Create("--store", "The store, where that is not a data folder");
        var to = new Option<string>("--to")
        {
            Description = "Where the backup goes: a new folder for a data folder, a new file for PostgreSQL. Nothing is overwritten.", HelpName = "path", Required = true,
        };
        var log = CommandOptions.Number(
            "--max-log", "MiB", 4096, 1, 1 << 20, "Give up when the write-ahead log of a data folder grows by more than this meanwhile.");
        var command = new Command("backup", """
            Copy a store as it is at one moment, while servers work on it or while none does. The copy of a data folder is checked, and is a data folder
            itself: 'grapnel serve --data' on it goes on from there. PostgreSQL is copied by pg_dump, and restored by pg_restore.
            """)
        {
            data, store, to, log,
        };
        command.SetAction((args, cancel) =>
        {
            var place = StoreOption.Choose(args, data, store);
            return place.Kind == StoreKind.Sqlite
                ? FolderBackup.RunAsync(place, args.GetRequiredValue(to), (long)args.GetValue(log) << 20, Terminal.Standard(), cancel)
                : DatabaseDump.RunAsync(place, args.GetRequiredValue(to), Terminal.Standard(), cancel);
        });
        return command;
    }
}
