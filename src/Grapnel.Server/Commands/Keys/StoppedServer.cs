using Grapnel.Auditing;
using Grapnel.Server.Commands.Stores;
using Grapnel.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Grapnel.Server.Commands.Keys;

/// <summary>A data folder that no server has open, or a database, for what is put right when nobody can get in any more.</summary>
internal sealed class StoppedServer : IAsyncDisposable
{
    private StoppedServer(IStore store)
    {
        Store = store;
        Ids = new IdGenerator(TimeProvider.System);
        Audit = new AuditLog(store.Console, Ids, TimeProvider.System, NullLogger<AuditLog>.Instance);
    }

    public IStore Store { get; }

    public IdGenerator Ids { get; }

    public AuditLog Audit { get; }

    /// <summary>Takes the store until disposed; a database may have servers that use it meanwhile.</summary>
    /// <param name="place">The store.</param>
    /// <param name="ifRunning">What to do when a server has its folder open.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<StoppedServer> OpenAsync(StorePlace place, string ifRunning, CancellationToken cancel) =>
        new(await place.OpenAsync(create: false, ifRunning, cancel));

    /// <summary>Does something in the name of the command line, and tells what keeps it from being done in a sentence.</summary>
    public static async Task<T> ToldAsync<T>(Func<Task<T>> work)
    {
        using var acting = Actor.As(Actor.CommandLine);
        try
        {
            return await work();
        }
        catch (Exception failure) when (failure is StoreUnavailableException or NotFoundException or ConflictException or InvalidInputException)
        {
            throw new CommandException(failure.Message, failure);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Audit.FlushAsync();
        Audit.Dispose();
        await Store.DisposeAsync();
    }
}
