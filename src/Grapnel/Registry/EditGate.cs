namespace Grapnel.Registry;

/// <summary>
/// Lets one edit at a time read, change and write back, so that two edits of different fields do not undo each other.
/// The catalog changes rarely; one gate per registry is enough.
/// </summary>
internal sealed class EditGate
{
    private readonly SemaphoreSlim _semaphore = new(1, 1);

    public async Task<T> RunAsync<T>(Func<Task<T>> edit, CancellationToken cancellationToken)
    {
        await _semaphore.WaitAsync(cancellationToken);
        try
        {
            return await edit();
        }
        finally
        {
            _semaphore.Release();
        }
    }
}
