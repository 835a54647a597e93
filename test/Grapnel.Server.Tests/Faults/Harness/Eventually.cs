namespace Grapnel.Server.Tests.Faults.Harness;

/// <summary>Waits for what another process does, which sends no event: by looking, again and again, until it is so or a limit has passed.</summary>
internal static class Eventually
{
    /// <summary>Longer than anything takes that happens at all, on a machine that is busy with other things.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(15);

    public static Task IsTrueAsync(string what, Func<bool> condition, TimeSpan? limit = null) =>
        IsTrueAsync(what, () => Task.FromResult(condition()), limit);

    public static async Task IsTrueAsync(string what, Func<Task<bool>> condition, TimeSpan? limit = null)
    {
        var time = TimeProvider.System;
        for (var start = time.GetTimestamp(); !await condition();)
        {
            if (time.GetElapsedTime(start) > (limit ?? Limit))
                throw new TimeoutException($"It did not happen within {limit ?? Limit} that {what}.");
            await Task.Delay(Poll, time);
        }
    }
}
