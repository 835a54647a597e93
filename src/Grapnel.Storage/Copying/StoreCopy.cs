using Grapnel.Storage.Postgres;
using Grapnel.Storage.Sqlite;
using Npgsql;

namespace Grapnel.Storage.Copying;

/// <summary>
/// Moves everything that an embedded store holds into an empty PostgreSQL database. What is interrupted goes on when it is run again, and the database
/// serves nobody until all of it was read back and compared. The source is only read.
/// </summary>
public sealed class StoreCopy(TimeProvider time)
{
    /// <summary>Is told of how it goes on, often: after each page, and while rows are read back.</summary>
    public Action<CopyStep> Told { get; init; } = _ => { };

    /// <summary>How much time a partition of the history spans, see <see cref="PostgresStoreOptions.HistoryPartition"/>.</summary>
    public TimeSpan HistoryPartition { get; init; } = new PostgresStoreOptions().HistoryPartition;

    /// <summary>Most rows of a page, which is one transaction.</summary>
    internal int PageRows { get; init; } = 1000;

    /// <summary>About how large a page may be.</summary>
    internal long PageBytes { get; init; } = 8 << 20;

    /// <summary>Copies, or goes on with a copy that was begun, and verifies it.</summary>
    /// <param name="folder">The data folder of the embedded store. No server may use it.</param>
    /// <param name="connectionString">The database.</param>
    /// <param name="cancellationToken">Stops in order; the copy can be gone on with.</param>
    /// <returns>What was verified of each table. Where anything differs, the database still serves nobody.</returns>
    /// <exception cref="StoreLockedException">A process uses the folder.</exception>
    /// <exception cref="StoreOpenException">One of the two cannot be used for this; says why, and what to do.</exception>
    public async Task<IReadOnlyList<CopiedTable>> RunAsync(string folder, string connectionString, CancellationToken cancellationToken)
    {
        using var source = CopySource.Open(folder);
        try
        {
            var target = await CopyTarget.OpenAsync(connectionString, cancellationToken).ConfigureAwait(false);
            await using (target.ConfigureAwait(false))
                return await RunAsync(source, target, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException error) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(error.Message, error, cancellationToken);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            throw new StoreOpenException($"The PostgreSQL database cannot be copied into: {PostgresErrors.Describe(error)}", error);
        }
        catch (Exception error) when (SqliteErrors.IsStorageFailure(error))
        {
            throw new StoreOpenException($"The store cannot be read: {SqliteErrors.Describe(error)}", error);
        }
    }

    private async Task<IReadOnlyList<CopiedTable>> RunAsync(CopySource source, CopyTarget target, CancellationToken cancellationToken)
    {
        if (await target.BeginAsync(source.Identity, time.GetUtcNow()).ConfigureAwait(false) is { } begunAt)
            Told(new CopyStep.GoesOn(begunAt));
        await target.PrepareAsync(source.HistoryRange(), new PostgresPartitions(HistoryPartition, time)).ConfigureAwait(false);
        var progress = await target.ReadProgressAsync().ConfigureAwait(false);
        foreach (var table in TableCopies.All)
            progress[table.Name] = await CopyAsync(source, target, table, progress.GetValueOrDefault(table.Name), cancellationToken).ConfigureAwait(false);
        await target.SetPlaceAsync(source.LastPlace()).ConfigureAwait(false);
        var verified = new List<CopiedTable>();
        foreach (var table in TableCopies.All)
            verified.Add(await VerifyAsync(target, table, progress[table.Name], cancellationToken).ConfigureAwait(false));
        if (!verified.TrueForAll(table => table.Matches))
            return verified;
        Told(new CopyStep.Tidies());
        await target.AddKeyRingAsync(source.ReadKeyRing()).ConfigureAwait(false);
        await target.VacuumAsync().ConfigureAwait(false);
        await target.EndAsync().ConfigureAwait(false);
        return verified;
    }

    private async Task<TableProgress> CopyAsync(
        CopySource source, CopyTarget target, TableCopy table, TableProgress? begun, CancellationToken cancellationToken)
    {
        var progress = begun ?? new TableProgress(null, false, default, 0);
        if (progress.Finished)
            return progress;
        var columns = await target.ReadColumnsAsync(table).ConfigureAwait(false);
        // What is packed cannot be counted without reading it.
        var total = table.Packed is null ? source.Count(table) : default(long?);
        Task<CopyPage> ReadAsync(byte[]? after) => Task.Run(() => source.Read(table, columns, after, PageRows, PageBytes), CancellationToken.None);
        for (var next = ReadAsync(progress.Cursor); ;)
        {
            var page = await next.ConfigureAwait(false);
            // The next page is read while this one is written.
            next = page.Cursor is { } cursor ? ReadAsync(cursor) : next;
            try
            {
                cancellationToken.ThrowIfCancellationRequested();
                progress = await target.WriteAsync(table, columns, page, progress).ConfigureAwait(false);
            }
            finally
            {
                // The source belongs to one thread at a time, whoever closes it included.
                await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            Told(new CopyStep.Copied(table.Name, progress.Sum.Rows, total));
            if (progress.Finished)
                return progress;
        }
    }

    private async Task<CopiedTable> VerifyAsync(CopyTarget target, TableCopy table, TableProgress progress, CancellationToken cancellationToken)
    {
        var columns = await target.ReadColumnsAsync(table).ConfigureAwait(false);
        var sum = await target.SumAsync(table, columns, rows =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (rows % PageRows == 0)
                Told(new CopyStep.ReadBack(table.Name, rows, progress.Sum.Rows));
        }).ConfigureAwait(false);
        Told(new CopyStep.ReadBack(table.Name, sum.Rows, progress.Sum.Rows));
        return new CopiedTable(table.Name, progress.Sum.Rows, sum.Rows, progress.Sum == sum, progress.Changed);
    }
}
