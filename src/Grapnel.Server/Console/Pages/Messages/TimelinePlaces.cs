namespace Grapnel.Server.Console.Pages.Messages;

/// <summary>Places moments on a line by their time, and yet never so close that one hides another.</summary>
internal static class TimelinePlaces
{
    private const double Whole = 100;
    private const double WidestGap = 4.5;

    /// <summary>Places of moments in percent of the line.</summary>
    /// <param name="moments">The moments, in order.</param>
    /// <param name="from">The beginning of the line.</param>
    public static double[] Of(IReadOnlyList<DateTimeOffset> moments, DateTimeOffset from)
    {
        if (moments.Count == 0)
            return [];
        var span = Math.Max(1, (moments[^1] - from).TotalMilliseconds);
        var gap = Math.Min(WidestGap, Whole / moments.Count);
        var places = moments.Select(moment => Math.Clamp((moment - from).TotalMilliseconds / span, 0, 1) * Whole).ToArray();
        for (var i = 1; i < places.Length; i++)
            places[i] = Math.Max(places[i], places[i - 1] + gap);
        // What that pushed beyond the end is pushed back from there.
        places[^1] = Math.Min(places[^1], Whole);
        for (var i = places.Length - 2; i >= 0; i--)
            places[i] = Math.Max(0, Math.Min(places[i], places[i + 1] - gap));
        return places;
    }
}
