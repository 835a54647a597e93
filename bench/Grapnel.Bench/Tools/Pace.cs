using System.Diagnostics;

namespace Grapnel.Bench.Tools;

/// <summary>A steady rate, which waits for nobody.</summary>
internal static class Pace
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    /// <summary>Begins things at a steady rate, never waiting for one before the next is due, and returns what came of each.</summary>
    /// <param name="perSecond">How many to begin per second.</param>
    /// <param name="seconds">For how long.</param>
    /// <param name="begin">Begins one; told its number, from 0.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<T[]> RunAsync<T>(int perSecond, int seconds, Func<int, Task<T>> begin, CancellationToken cancel)
    {
        var begun = new List<Task<T>>(perSecond * seconds);
        var start = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Tick, TimeProvider.System);
        while (begun.Count < perSecond * seconds && await timer.WaitForNextTickAsync(cancel))
        {
            var due = Math.Min(perSecond * seconds, (int)(Stopwatch.GetElapsedTime(start).TotalSeconds * perSecond) + 1);
            while (begun.Count < due)
                begun.Add(begin(begun.Count));
        }
        return await Task.WhenAll(begun);
    }
}
