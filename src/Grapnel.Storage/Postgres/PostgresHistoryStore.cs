namespace Grapnel.Storage.Postgres;

/// <summary>
/// Reading history with hand-written statements: each walks an index from where it begins, and what belongs to the rows of a page is read for all of
/// them at once. Ids carry the time, and the partitions are of time: a range of ids spares those that cannot matter.
/// </summary>
internal sealed partial class PostgresHistoryStore(PostgresDatabase database, PostgresPartitions partitions, Guid writer, TimeProvider time) : IHistoryStore
{
    // History is always read from its newest end.
    private static PageRequest NewestFirst(PageRequest page) => page with { Descending = true };
}
