namespace Grapnel.Storage.Copying;

/// <summary>
/// How the rows of one table of PostgreSQL are read from the embedded store. Columns have the same names on both sides, but for those that
/// <see cref="Expressions"/> says, and are taken from the target: one that a later version adds to both needs no word here.
/// </summary>
internal sealed record TableCopy(string Name, params string[] Key)
{
    /// <summary>What stands after FROM in the source. The table of the same name unless said otherwise.</summary>
    public string From { get; init; } = $"\"{Name}\"";

    /// <summary>Rows of the source that count; all unless said otherwise.</summary>
    public string Where { get; init; } = "1";

    /// <summary>Columns of the target that are not a column of the same name in the source, each with the expression that reads it there.</summary>
    public IReadOnlyDictionary<string, string> Expressions { get; init; } = new Dictionary<string, string>();

    /// <summary>Columns of the source that the target does without, each with the reason.</summary>
    public IReadOnlyDictionary<string, string> LeftOut { get; init; } = new Dictionary<string, string>();

    /// <summary>Where one row of the source holds many of the target: the columns of the target, and how they are unpacked from the one column that is read.</summary>
    public Packing? Packed { get; init; }

    public override string ToString() => Name;
}

/// <summary>
/// Rows that the source packs into one value. The first column, a UUID, is the key of the target: a later row takes the place of an earlier one that has
/// the same.
/// </summary>
/// <param name="Column">The column of the source that holds them.</param>
/// <param name="Columns">The columns of the target.</param>
/// <param name="Unpack">The rows in a value, in the order in which they were written.</param>
internal sealed record Packing(string Column, IReadOnlyList<string> Columns, Func<byte[], IEnumerable<object?[]>> Unpack);
