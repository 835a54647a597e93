namespace Grapnel.Storage;

/// <summary>A request for one page of a list.</summary>
/// <param name="Limit">Most items to return, 1 to 250.</param>
/// <param name="Iterator">Where the last page ended, as the id or name it gave; with a leading <c>-</c> the page before it is meant. Null starts at the beginning.</param>
/// <param name="Descending">Newest (or last) first.</param>
public sealed record PageRequest(int Limit = 50, string? Iterator = null, bool Descending = false);

/// <summary>One page of a list, in the order that was asked for.</summary>
/// <param name="Items">The items.</param>
/// <param name="Done">Whether the list ends with this page. A page may be short, even empty, and yet not be the last: finding more would have cost too much for one call.</param>
/// <param name="Iterator">Where the next page begins, when that is not behind the last item; null otherwise.</param>
/// <param name="PrevIterator">The same for the page before, with its leading <c>-</c>.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, bool Done, string? Iterator = null, string? PrevIterator = null)
{
    /// <summary>The same page of something else.</summary>
    public Page<TOther> As<TOther>(Func<T, TOther> convert) => new([.. Items.Select(convert)], Done, Iterator, PrevIterator);
}
