using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Grapnel.Storage.Sqlite;

/// <summary>A few read-only connections. With a write-ahead log readers never block the writer, nor it them.</summary>
internal sealed class SqliteReaders(string file, SqliteStoreOptions options) : IDisposable
{
    private const int Size = 4;

    private readonly ConcurrentBag<SqliteSession> _idle = [];
    private readonly SemaphoreSlim _free = new(Size, Size);
    private bool _disposed;

    /// <summary>Reads inside one snapshot, off the caller's thread: SQLite knows no asynchronous reading.</summary>
    public async Task<T> RunAsync<T>(Func<SqliteSession, T> read, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(() => Run(read), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (SqliteErrors.IsStorageFailure(error))
        {
            throw SqliteErrors.Unavailable(error);
        }
        finally
        {
            _free.Release();
        }
    }

    public void Dispose()
    {
        _disposed = true;
        while (_idle.TryTake(out var session))
            session.Dispose();
    }

    private T Run<T>(Func<SqliteSession, T> read)
    {
        if (_disposed)
            throw new StoreUnavailableException("The store is closed.");
        if (!_idle.TryTake(out var session))
            session = SqliteSession.Open(file, SqliteOpenMode.ReadOnly, options);
        try
        {
            session.Prepare("BEGIN").Run();
            var result = read(session);
            session.Prepare("COMMIT").Run();
            Return(session);
            return result;
        }
        catch
        {
            // A reader that failed is not worth mending.
            session.Dispose();
            throw;
        }
    }

    private void Return(SqliteSession session)
    {
        if (_disposed)
            session.Dispose();
        else
            _idle.Add(session);
    }
}
