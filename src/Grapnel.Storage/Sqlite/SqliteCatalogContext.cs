using Grapnel.Storage.Catalog;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Grapnel.Storage.Sqlite;

/// <summary>The catalog on SQLite, with its migrations.</summary>
internal sealed class SqliteCatalogContext(DbContextOptions<SqliteCatalogContext> options) : CatalogContext(options)
{
    protected override void Map<T>(ModelConfigurationBuilder conventions) => conventions.Properties<Id<T>>().HaveConversion<IdConverter<T>>();
}

/// <summary>Lets <c>dotnet ef migrations add</c> build the model; the database named here is never opened.</summary>
internal sealed class SqliteCatalogContextFactory : IDesignTimeDbContextFactory<SqliteCatalogContext>
{
    public SqliteCatalogContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<SqliteCatalogContext>().UseSqlite("Data Source=:memory:").Options);
}
