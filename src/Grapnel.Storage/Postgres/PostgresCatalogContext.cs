using Grapnel.Storage.Catalog;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Grapnel.Storage.Postgres;

/// <summary>The catalog on PostgreSQL, with its migrations.</summary>
internal sealed class PostgresCatalogContext(DbContextOptions<PostgresCatalogContext> options) : CatalogContext(options)
{
    protected override void Map<T>(ModelConfigurationBuilder conventions) => conventions.Properties<Id<T>>().HaveConversion<UuidConverter<T>>();

    // Names are compared by their characters, as everywhere else in Grapnel, and not by the rules of a language.
    protected override void ConfigureConventions(ModelConfigurationBuilder conventions)
    {
        base.ConfigureConventions(conventions);
        conventions.Properties<string>().UseCollation("C");
    }
}

/// <summary>Lets <c>dotnet ef migrations add</c> build the model; the database named here is never opened.</summary>
internal sealed class PostgresCatalogContextFactory : IDesignTimeDbContextFactory<PostgresCatalogContext>
{
    public PostgresCatalogContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<PostgresCatalogContext>().UseNpgsql("Host=design").Options);
}
