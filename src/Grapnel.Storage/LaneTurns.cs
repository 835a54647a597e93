namespace Grapnel.Storage;

/// <summary>How the runs of an unordered lane take turns.</summary>
internal static class LaneTurns
{
    /// <summary>
    /// One of each that has any, and so on: retries that are due must not wait behind a long queue of fresh deliveries, fresh ones not behind a storm of
    /// retries, and neither behind a replay.
    /// </summary>
    public static IEnumerable<T> Merge<T>(params IEnumerable<T>[] runs)
    {
        var line = new Queue<IEnumerator<T>>(runs.Select(run => run.GetEnumerator()).Where(run => run.MoveNext()));
        while (line.TryDequeue(out var run))
        {
            yield return run.Current;
            if (run.MoveNext())
                line.Enqueue(run);
        }
    }
}
