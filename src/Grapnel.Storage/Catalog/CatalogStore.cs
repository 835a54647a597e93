using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;

namespace Grapnel.Storage.Catalog;

/// <summary>The catalog on EF Core, shared by the SQL back-ends: this part holds what the others lean on.</summary>
internal sealed partial class CatalogStore(ICatalogDatabase database, ISecretBox? box) : ICatalogStore
{
    private static async Task<bool> AddAsync<T>(CatalogContext catalog, T row) where T : class
    {
        catalog.Add(row);
        await catalog.SaveChangesAsync().ConfigureAwait(false);
        return true;
    }

    // Whether there is one; and it must be the one that the caller read.
    private static async Task<bool> IsThereAsync(IQueryable<DateTimeOffset> updatedAt, DateTimeOffset asOf)
    {
        var found = await updatedAt.ToListAsync().ConfigureAwait(false);
        return found.TrueForAll(at => at == asOf) ? found.Count > 0 : throw new StaleEditException();
    }

    // The caller has made sure that the row is there.
    private static async Task<bool> ReplaceAsync<T>(CatalogContext catalog, T row) where T : class
    {
        catalog.Update(row);
        await catalog.SaveChangesAsync().ConfigureAwait(false);
        return true;
    }

    internal static Task<Page<T>> PageAsync<T, TId>(
        IQueryable<T> rows, Expression<Func<T, Id<TId>>> key, PageRequest page, CancellationToken cancellationToken) where TId : IIdentified
    {
        var position = PagePosition.Of(page);
        return PageAsync(rows, key, position, position.Iterator is { } text ? PagePosition.ParseId<TId>(text) : null, page.Limit, cancellationToken);
    }

    private static async Task<Page<T>> PageAsync<T, TKey>(
        IQueryable<T> rows, Expression<Func<T, TKey>> key, PagePosition position, TKey? from, int limit, CancellationToken cancellationToken)
        where TKey : struct, IComparable<TKey>
    {
        if (from is { } value)
            rows = rows.Where(Beyond(key, value, position.Ascending));
        rows = position.Ascending ? rows.OrderBy(key) : rows.OrderByDescending(key);
        return position.ToPage(await rows.Take(limit + 1).ToListAsync(cancellationToken).ConfigureAwait(false), limit);
    }

    // key > value, or key < value, written as the comparison that EF translates for any type.
    private static Expression<Func<T, bool>> Beyond<T, TKey>(Expression<Func<T, TKey>> key, TKey value, bool ascending)
    {
        Expression<Func<TKey>> captured = () => value;
        var compared = Expression.Call(key.Body, typeof(TKey).GetMethod(nameof(IComparable.CompareTo), [typeof(TKey)])!, captured.Body);
        var zero = Expression.Constant(0);
        return Expression.Lambda<Func<T, bool>>(
            ascending ? Expression.GreaterThan(compared, zero) : Expression.LessThan(compared, zero), key.Parameters);
    }

    // To be saved with what else changes.
    private static async Task<long> NextVersionAsync(CatalogContext catalog)
    {
        var counter = await catalog.Counters.AsTracking().SingleAsync(row => row.Name == Counter.Route).ConfigureAwait(false);
        return ++counter.Value;
    }
}
