namespace Grapnel.Storage;

/// <summary>A request for one page of a list.</summary>
/// <param name="Limit">Most items to return, 1 to 250.</param>
/// <param name="Iterator">Where the last page ended, as the id or name it gave; with a leading <c>-</c> the page before it is meant. Null starts at the beginning.</param>
/// <param name="Descending">Newest (or last) first.</param>
public sealed record PageRequest(int Limit = 50, string? Iterator = null, bool Descending = false);

/// <summary>One page of a list, in the order that was asked for.</summary>
/// <param name="Items">The items.</param>
/// <param name="Done">Whether the list ends with this page.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, bool Done);
