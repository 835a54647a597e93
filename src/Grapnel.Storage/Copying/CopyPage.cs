namespace Grapnel.Storage.Copying;

/// <summary>Rows of the source, as they go to the target together.</summary>
/// <param name="Rows">The rows, in the columns of the target.</param>
/// <param name="Changed">How many of them the target cannot hold as they are: it knows no NUL in a text.</param>
/// <param name="Cursor">Where the page ends, to go on behind it; null when it is the last one.</param>
internal sealed record CopyPage(IReadOnlyList<object?[]> Rows, long Changed, byte[]? Cursor);
