using Grapnel.Auditing;
using Grapnel.Storage;
using Grapnel.Storage.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Grapnel.Server.Commands.Keys;

/// <summary>A data folder that no server has open, for what is put right when nobody can get in any more.</summary>
internal sealed class StoppedServer : IAsyncDisposable
{
    private StoppedServer(SqliteStore store)
    {
        Store = store;
        Ids = new IdGenerator(TimeProvider.System);
        Audit = new AuditLog(store.Console, Ids, TimeProvider.System, NullLogger<AuditLog>.Instance);
    }

    public SqliteStore Store { get; }

    public IdGenerator Ids { get; }

    public AuditLog Audit { get; }

    /// <summary>Takes the folder until disposed.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="ifRunning">What to do when a server has it open.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<StoppedServer> OpenAsync(string folder, string ifRunning, CancellationToken cancel)
    {
        if (!Directory.Exists(folder))
            throw new CommandException($"There is no data folder {Path.GetFullPath(folder)}. Name the server's with --data.");
        try
        {
            return new StoppedServer(await SqliteStore.OpenAsync(new SqliteStoreOptions { Data = folder }, TimeProvider.System, cancel));
        }
        catch (StoreLockedException locked)
        {
            throw new CommandException($"{locked.Message} {ifRunning}", locked);
        }
        catch (Exception failure) when (failure is StoreOpenException or StoreUnavailableException)
        {
            throw new CommandException(failure.Message, failure);
        }
    }

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
