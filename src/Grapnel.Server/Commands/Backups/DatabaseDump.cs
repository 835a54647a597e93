using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Grapnel.Server.Commands.Stores;
using Grapnel.Server.Hosting;
using Grapnel.Storage;
using Grapnel.Storage.Examining;
using Npgsql;

namespace Grapnel.Server.Commands.Backups;

/// <summary>Has <c>pg_dump</c> copy a database: nothing knows PostgreSQL better, and everybody can restore what it makes.</summary>
internal static class DatabaseDump
{
    public static async Task RunAsync(StorePlace place, string to, Terminal terminal, CancellationToken cancel)
    {
        var target = Path.GetFullPath(to);
        if (Path.Exists(target))
            throw new CommandException($"{target} is there already, and nothing is overwritten. Name a new file.");
        var connection = new NpgsqlConnectionStringBuilder(place.PostgresOptions().ConnectionString);
        var unfinished = $"{target}.unfinished-{Environment.ProcessId}";
        terminal.WriteLines($"From {place} to {target}, by pg_dump.");
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            // One that a run left behind which ended before its time: process ids come again, in a container all the time.
            File.Delete(unfinished);
            // Before pg_dump opens it, and lets others read it where they are let by default.
            await OwnerFile.Open(unfinished, FileMode.CreateNew).DisposeAsync();
            await RunToolAsync("pg_dump", ["--format=custom", "--no-password", $"--file={unfinished}"], connection, cancel);
            // Reads the table of contents back.
            await RunToolAsync("pg_restore", ["--list", unfinished], connection, cancel);
            File.Move(unfinished, target);
        }
        catch (OperationCanceledException stopped) when (cancel.IsCancellationRequested)
        {
            throw new CommandException("Stopped before the end. There is no backup.", stopped);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"The backup could not be made: {failure.Message}", failure);
        }
        finally
        {
            File.Delete(unfinished);
        }
        if (!await HasKeyRingAsync(place, cancel))
            terminal.WriteLines(BackupCommand.WithoutKeyRing);
        terminal.WriteLines(
            $"{terminal.Good("Done")}: {Math.Max(1, new FileInfo(target).Length >> 20)} MiB.",
            $"To go on from it, with servers stopped and in an empty database: pg_restore --exit-on-error --no-owner --dbname=NEW {target}");
    }

    private static async Task<bool> HasKeyRingAsync(StorePlace place, CancellationToken cancel)
    {
        try
        {
            return await PostgresExamination.HasKeyRingAsync(place.PostgresOptions(), cancel);
        }
        catch (StoreOpenException)
        {
            // The backup is made; a store that is older than key rings has none to miss.
            return true;
        }
    }

    private static async Task RunToolAsync(string tool, string[] arguments, NpgsqlConnectionStringBuilder connection, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(Find(tool), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in Variables(connection))
            start.Environment[name] = value;
        using var process = Start(tool, start, connection);
        try
        {
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(cancel), process.StandardError.ReadToEndAsync(cancel));
            await process.WaitForExitAsync(cancel);
            await output;
            if (process.ExitCode != 0)
                throw new CommandException($"{tool} ended with {process.ExitCode}: {Terminal.Clean((await errors).Trim(), 1000)}");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static Process Start(string tool, ProcessStartInfo start, NpgsqlConnectionStringBuilder connection)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception failure)
        {
            throw new CommandException(
                $"{tool} is not on this machine. Install the client programs of PostgreSQL (Debian: postgresql-client), as new as the server or newer. Or, where "
                + $"they are, run: pg_dump --format=custom --file=FILE --host={connection.Host} --port={connection.Port} --username={connection.Username} {connection.Database}",
                failure);
        }
    }

    // Variables, not arguments: what a command line has in it everybody on the machine can read.
    private static IEnumerable<(string Name, string Value)> Variables(NpgsqlConnectionStringBuilder connection)
    {
        (string Name, string? Value)[] all =
        [
            ("PGHOST", connection.Host), ("PGPORT", connection.Port.ToString(CultureInfo.InvariantCulture)), ("PGDATABASE", connection.Database ?? connection.Username),
            ("PGUSER", connection.Username), ("PGPASSWORD", connection.Password), ("PGPASSFILE", connection.Passfile),
            ("PGSSLMODE", connection.SslMode switch { SslMode.VerifyCA => "verify-ca", SslMode.VerifyFull => "verify-full", var mode => mode.ToString().ToLowerInvariant() }),
            ("PGSSLROOTCERT", connection.RootCertificate), ("PGSSLCERT", connection.SslCertificate), ("PGSSLKEY", connection.SslKey),
        ];
        return all.Where(variable => !string.IsNullOrEmpty(variable.Value)).Select(variable => (variable.Name, variable.Value!));
    }

    // Debian keeps the programs of each version out of the path; of those the newest, which dumps any older server. With no such folder, the path.
    private static string Find(string tool)
    {
        const string versions = "/usr/lib/postgresql";
        return Directory.Exists(versions)
            ? Directory.GetDirectories(versions)
                .OrderByDescending(folder => double.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var version) ? version : 0)
                .Select(folder => Path.Combine(folder, "bin", tool)).FirstOrDefault(File.Exists) ?? tool
            : tool;
    }
}
