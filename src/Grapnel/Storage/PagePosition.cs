namespace Grapnel.Storage;

/// <summary>Where a page lies and which way it is read: the one place that knows what an iterator means.</summary>
/// <param name="Iterator">The id or name next to the page, or null at the beginning.</param>
/// <param name="Ascending">Whether rows are read upward; a page before an iterator is read against the list's order.</param>
/// <param name="Backward">Whether the page lies before the iterator.</param>
internal readonly record struct PagePosition(string? Iterator, bool Ascending, bool Backward)
{
    /// <summary>Works out the position of a request.</summary>
    public static PagePosition Of(PageRequest page)
    {
        if (page.Limit < 1)
            throw new InvalidInputException("limit", "must be at least 1.");
        var backward = page.Iterator is ['-', ..];
        return new PagePosition(backward ? page.Iterator![1..] : page.Iterator, page.Descending == backward, backward);
    }

    /// <summary>Reads an iterator that is an id.</summary>
    public static Id<T> ParseId<T>(string iterator) where T : IIdentified => Id<T>.TryParse(iterator, out var id)
        ? id
        : throw new InvalidInputException("iterator", $"must be the iterator of an earlier page: an id that begins with {T.IdPrefix}.");

    /// <summary>Makes the page of rows that were read with one more than the limit.</summary>
    public Page<T> ToPage<T>(List<T> rows, int limit)
    {
        var done = rows.Count <= limit;
        if (!done)
            rows.RemoveRange(limit, rows.Count - limit);
        if (Backward)
            rows.Reverse();
        return new Page<T>(rows, done);
    }

    /// <summary>
    /// Makes the page of a list that ended early because it had cost enough. It goes on from what was looked at last. The way back from an empty one
    /// begins so that it takes in where this one began.
    /// </summary>
    /// <param name="rows">What was found, in the order it was read.</param>
    /// <param name="reached">The key that was looked at last.</param>
    /// <param name="origin">The key beside the one that the page began at, so that it lies on the way back; null for the beginning of the list.</param>
    public Page<T> ToUnfinishedPage<T>(List<T> rows, string reached, string? origin)
    {
        var back = rows.Count > 0 ? null : origin;
        if (!Backward)
            return new Page<T>(rows, Done: false, reached, back is null ? null : "-" + back);
        rows.Reverse();
        return new Page<T>(rows, Done: false, back, "-" + reached);
    }
}
