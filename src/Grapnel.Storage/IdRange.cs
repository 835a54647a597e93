namespace Grapnel.Storage;

/// <summary>Ids carry the time, so a range of time is a range of ids. Both ends are left out.</summary>
internal static class IdRange
{
    /// <summary>The first id behind all that were made at a time or earlier.</summary>
    public static Id<T> After<T>(DateTimeOffset time) where T : IIdentified => FirstFrom<T>(time.UtcTicks + TimeSpan.TicksPerMillisecond);

    /// <summary>The first id behind all that were made before a time.</summary>
    public static Id<T> Before<T>(DateTimeOffset time) where T : IIdentified => FirstFrom<T>(time.UtcTicks + TimeSpan.TicksPerMillisecond - 1);

    // Ids know whole milliseconds. The end of time may lie beyond the last of them; no id does.
    private static Id<T> FirstFrom<T>(long ticks) where T : IIdentified =>
        ticks > DateTimeOffset.MaxValue.UtcTicks ? new Id<T>(UInt128.MaxValue) : Id<T>.FirstAt(new DateTimeOffset(ticks, TimeSpan.Zero));
}
