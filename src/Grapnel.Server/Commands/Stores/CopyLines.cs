using System.Globalization;
using Grapnel.Storage.Copying;

namespace Grapnel.Server.Commands.Stores;

/// <summary>Tells how a copy goes on: a line every other second, and what was verified at the end.</summary>
internal sealed class CopyLines(Terminal terminal, TimeProvider time)
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(2);

    private long _lastAt = time.GetTimestamp();
    private string _last = "";
    private long _lastRows;

    /// <summary>Writes a line, if one is due.</summary>
    public void Tell(CopyStep step)
    {
        switch (step)
        {
            case CopyStep.GoesOn { BegunAt: var at }:
                terminal.WriteLines($"Going on with the copy begun at {at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} UTC.");
                break;
            case CopyStep.Copied copied:
                Tell($"Copying   {copied.Table}", copied.Rows, copied.Total);
                break;
            case CopyStep.ReadBack read:
                Tell($"Verifying {read.Table}", read.Rows, read.Total);
                break;
            case CopyStep.Tidies:
                terminal.WriteLines("All rows are the same. Gathering statistics for the database.");
                break;
        }
    }

    /// <summary>Writes what was verified.</summary>
    /// <exception cref="CommandException">Something differs.</exception>
    public void Conclude(IReadOnlyList<CopiedTable> tables)
    {
        terminal.WriteLines("", terminal.Dim($"{"Table",-22}{"Rows",16}  Verified"));
        foreach (var table in tables)
            terminal.WriteLines($"{table.Name,-22}{Number(table.SourceRows),16}  {(table.Matches ? terminal.Good("same") : terminal.Bad("DIFFERS"))}{Changed(table)}");
        var differing = tables.Where(table => !table.Matches).ToList();
        if (differing.Count > 0)
            throw new CommandException(string.Join(Environment.NewLine, differing.Select(Difference).Append(
                "The copy is not finished, and no server starts on this database. Copy again into an empty one.")));
        terminal.WriteLines("", $"{Number(tables.Sum(table => table.SourceRows))} rows are there and the same. Servers may be started on the database; the store that was copied is as it was.");
    }

    private void Tell(string what, long rows, long? total)
    {
        if (what != _last)
            (_last, _lastRows) = (what, 0);
        var passed = time.GetElapsedTime(_lastAt);
        if (passed < Between)
            return;
        var rate = Math.Max(0, rows - _lastRows) / passed.TotalSeconds;
        terminal.WriteLines($"{what,-32}{Number(rows),14}{(total is { } all ? $" of {Number(all),-14}" : $"{"",-18}")}{Number((long)rate),10} rows/s");
        (_lastAt, _lastRows) = (time.GetTimestamp(), rows);
    }

    private static string Changed(CopiedTable table) => table.Changed == 0 ? ""
        : $"  in {Number(table.Changed)}, a character that PostgreSQL cannot store (NUL) became U+FFFD";

    private static string Difference(CopiedTable table) => table.SourceRows == table.TargetRows
        ? $"{table.Name}: {Number(table.SourceRows)} rows on both sides, but not the same ones."
        : $"{table.Name}: {Number(table.SourceRows)} rows were read, {Number(table.TargetRows)} are in the database.";

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
