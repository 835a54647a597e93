namespace Grapnel.Registry;

/// <summary>
/// Lets one edit at a time read, change and write back, so that two edits of different fields do not undo each other. One that another node was
/// quicker with begins again. The catalog changes rarely; one gate per registry is enough.
/// </summary>
internal sealed class EditGate
{
    private readonly SemaphoreSlim _semaphore = new(1, 1);

    public async Task<T> RunAsync<T>(Func<Task<T>> edit, CancellationToken cancellationToken)
    {
        await _semaphore.WaitAsync(cancellationToken);
        try
        {
            return await UntilCurrentAsync(edit, cancellationToken);
        }
        finally
        {
            _semaphore.Release();
        }
    }

    private static async Task<T> UntilCurrentAsync<T>(Func<Task<T>> edit, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await edit();
            }
            catch (StaleEditException)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>
    /// When something is changed that was last changed at a time: now, and at least a millisecond later, whatever another node's clock said. The catalog
    /// tells by that time whether it is still what was read.
    /// </summary>
    public static DateTimeOffset Next(TimeProvider time, DateTimeOffset last)
    {
        var (now, least) = (time.GetUtcNow(), last.AddMilliseconds(1));
        return now > least ? now : least;
    }
}
