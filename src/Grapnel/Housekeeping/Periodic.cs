namespace Grapnel.Housekeeping;

/// <summary>Work that is done again and again.</summary>
internal static class Periodic
{
    /// <summary>Does the work once per period until cancelled. A turn that fails is reported and does not stop the next.</summary>
    public static async Task RunAsync(
        TimeSpan period, TimeProvider time, Func<CancellationToken, Task> work, Action<Exception> failed, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(period, time);
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            try
            {
                await work(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                failed(e);
            }
        }
    }
}
