namespace Grapnel.Storage;

/// <summary>How the runs of an unordered lane take turns.</summary>
internal static class LaneTurns
{
    /// <summary>
    /// One that is due, one that is fresh, and so on: retries that are due must not wait behind a long queue of fresh deliveries, nor fresh ones behind a
    /// storm of retries.
    /// </summary>
    public static IEnumerable<T> Merge<T>(IEnumerable<T> due, IEnumerable<T> fresh)
    {
        using var one = due.GetEnumerator();
        using var other = fresh.GetEnumerator();
        var (hasDue, hasFresh) = (one.MoveNext(), other.MoveNext());
        for (var turn = 0; hasDue || hasFresh; turn++)
        {
            if (hasDue && (turn % 2 == 0 || !hasFresh))
            {
                yield return one.Current;
                hasDue = one.MoveNext();
            }
            else
            {
                yield return other.Current;
                hasFresh = other.MoveNext();
            }
        }
    }
}
