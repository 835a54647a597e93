namespace Grapnel.Storage.Copying;

/// <summary>What a copy tells while it runs.</summary>
public abstract record CopyStep
{
    /// <summary>It goes on with one that was begun earlier.</summary>
    /// <param name="BegunAt">When that was.</param>
    public sealed record GoesOn(DateTimeOffset BegunAt) : CopyStep;

    /// <summary>Rows of a table have arrived.</summary>
    /// <param name="Table">The table.</param>
    /// <param name="Rows">How many of its rows are there.</param>
    /// <param name="Total">How many there will be; null where that is not known.</param>
    public sealed record Copied(string Table, long Rows, long? Total) : CopyStep;

    /// <summary>Rows of a table were read back.</summary>
    /// <param name="Table">The table.</param>
    /// <param name="Rows">How many of its rows were read.</param>
    /// <param name="Total">How many there should be.</param>
    public sealed record ReadBack(string Table, long Rows, long Total) : CopyStep;

    /// <summary>Everything is there and the same; the database is put in order.</summary>
    public sealed record Tidies : CopyStep;
}

/// <summary>What was found when a table was read back.</summary>
/// <param name="Name">The table.</param>
/// <param name="SourceRows">How many rows were read from the source.</param>
/// <param name="TargetRows">How many rows the target has.</param>
/// <param name="Matches">Whether they are the same, in number and in content.</param>
/// <param name="Changed">How many rows the target could not hold as they were: a NUL in a text became U+FFFD.</param>
public sealed record CopiedTable(string Name, long SourceRows, long TargetRows, bool Matches, long Changed);
