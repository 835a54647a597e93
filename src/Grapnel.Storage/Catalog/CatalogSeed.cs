namespace Grapnel.Storage.Catalog;

/// <summary>What a new installation begins with.</summary>
internal static class CatalogSeed
{
    /// <summary>Adds the two applications that exist from the start.</summary>
    public static void AddTo(CatalogContext catalog, TimeProvider time)
    {
        var ids = new IdGenerator(time);
        catalog.Add(NewApplication(ids, time, Application.DefaultUid, "Default"));
        catalog.Add(NewApplication(ids, time, Application.OperationalUid, "Operational events"));
        catalog.SaveChanges();
    }

    private static Application NewApplication(IdGenerator ids, TimeProvider time, string uid, string name)
    {
        var now = time.GetUtcNow();
        return new Application { Id = ids.Next<Application>(), Uid = uid, Name = name, CreatedAt = now, UpdatedAt = now };
    }
}
