using Grapnel.Server.Commands.Stores;
using Grapnel.Storage;
using Grapnel.Storage.Sqlite;

namespace Grapnel.Server.Commands.Backups;

/// <summary>Copies a data folder, and tells how it goes on.</summary>
internal static class FolderBackup
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(2);

    public static async Task RunAsync(StorePlace place, string to, long mostLogBytes, Terminal terminal, CancellationToken cancel)
    {
        var lastAt = TimeProvider.System.GetTimestamp();
        void Tell(BackupProgress progress)
        {
            if (TimeProvider.System.GetElapsedTime(lastAt) < Between && progress is { Bytes: > 0 })
                return;
            lastAt = TimeProvider.System.GetTimestamp();
            terminal.WriteLines(progress.Checks ? "Checking the copy." : $"Copied {progress.Bytes >> 20} of {progress.Total >> 20} MiB.");
        }

        terminal.WriteLines($"From {place} to {Path.GetFullPath(to)}.");
        try
        {
            var backup = new SqliteBackup(place.Location, to) { MostLogBytes = mostLogBytes, Told = Tell };
            var bytes = await Task.Run(() => backup.Run(cancel), cancel);
            if (!Directory.Exists(new SqliteStoreOptions { Data = to }.KeyRingFolder))
                terminal.WriteLines(BackupCommand.WithoutKeyRing);
            terminal.WriteLines(
                $"{terminal.Good("Done")}: {Math.Max(1, bytes >> 20)} MiB, checked. To go on from it: grapnel serve --data {Path.GetFullPath(to)}");
        }
        catch (StoreOpenException failure)
        {
            throw new CommandException(failure.Message, failure);
        }
        catch (OperationCanceledException stopped) when (cancel.IsCancellationRequested)
        {
            throw new CommandException("Stopped before the end. There is no backup.", stopped);
        }
    }
}
