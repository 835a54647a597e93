using Microsoft.EntityFrameworkCore;

namespace Grapnel.Storage.Catalog;

/// <summary>
/// The catalog as tables: the domain records themselves, mapped. Each SQL back-end derives its own context, which carries its migrations.
/// The hot tables are not in this model; hand-written statements own them.
/// </summary>
internal abstract class CatalogContext(DbContextOptions options) : DbContext(options)
{
    public DbSet<Application> Applications => Set<Application>();

    public DbSet<EventType> EventTypes => Set<EventType>();

    public DbSet<Endpoint> Endpoints => Set<Endpoint>();

    public DbSet<EndpointRevision> Revisions => Set<EndpointRevision>();

    public DbSet<Schedule> Schedules => Set<Schedule>();

    public DbSet<ApiKey> ApiKeys => Set<ApiKey>();

    public DbSet<TokenRevocation> TokenRevocations => Set<TokenRevocation>();

    public DbSet<InstallationSecret> Secrets => Set<InstallationSecret>();

    public DbSet<Counter> Counters => Set<Counter>();

    public DbSet<User> Users => Set<User>();

    public DbSet<AuditEntry> AuditLog => Set<AuditEntry>();

    public DbSet<Inbox> Inboxes => Set<Inbox>();

    public DbSet<InboxRequest> InboxRequests => Set<InboxRequest>();

    public DbSet<KeyRingEntry> KeyRing => Set<KeyRingEntry>();

    protected override void ConfigureConventions(ModelConfigurationBuilder conventions)
    {
        Map<Application>(conventions);
        Map<Endpoint>(conventions);
        Map<Schedule>(conventions);
        Map<ApiKey>(conventions);
        Map<User>(conventions);
        Map<AuditEntry>(conventions);
        Map<Inbox>(conventions);
        Map<InboxRequest>(conventions);
        conventions.Properties<DateTimeOffset>().HaveConversion<TimeConverter>();
        conventions.Properties<TimeSpan>().HaveConversion<SpanConverter>();
        Json<IReadOnlyList<string>>(conventions);
        Json<IReadOnlyList<TimeSpan>>(conventions);
        Json<IReadOnlyList<EndpointSecret>>(conventions);
        Json<IReadOnlyDictionary<string, string>>(conventions);
        Json<EndpointTls>(conventions);
        Json<EndpointOAuth>(conventions);
    }

    protected override void OnModelCreating(ModelBuilder model)
    {
        model.Entity<Application>(table =>
        {
            table.ToTable("application").HasKey(row => row.Id);
            table.HasIndex(row => row.Uid).IsUnique();
            table.HasIndex(row => row.RateLimit).HasFilter("rate_limit IS NOT NULL");
        });
        model.Entity<EventType>().ToTable("event_type").HasKey(row => row.Name);
        model.Entity<Endpoint>(table =>
        {
            table.ToTable("endpoint").HasKey(row => row.Id);
            table.HasIndex(row => new { row.ApplicationId, row.Id });
            table.HasIndex(row => new { row.ApplicationId, row.Uid }).IsUnique();
        });
        model.Entity<EndpointRevision>().ToTable("endpoint_revision").HasKey(row => new { row.EndpointId, row.Version });
        model.Entity<Schedule>(table =>
        {
            table.ToTable("schedule").HasKey(row => row.Id);
            table.HasIndex(row => new { row.ApplicationId, row.Id });
            table.HasIndex(row => row.NextAt).HasFilter("enabled");
        });
        model.Entity<ApiKey>().ToTable("api_key").HasKey(row => row.Id);
        model.Entity<TokenRevocation>().ToTable("token_revocation").HasKey(row => new { row.Subject, row.Before });
        model.Entity<InstallationSecret>().ToTable("installation_secret").HasKey(row => row.Name);
        model.Entity<Counter>().ToTable("counter").HasKey(row => row.Name);
        model.Entity<User>(table =>
        {
            table.ToTable("user").HasKey(row => row.Id);
            table.HasIndex(row => row.NormalizedName).IsUnique();
        });
        model.Entity<AuditEntry>(table =>
        {
            table.ToTable("audit_log").HasKey(row => row.Id);
            table.HasIndex(row => new { row.Subject, row.Id });
            table.HasIndex(row => new { row.Actor, row.Id });
            table.HasIndex(row => new { row.ApplicationId, row.Id });
        });
        model.Entity<Inbox>(table =>
        {
            table.ToTable("inbox").HasKey(row => row.Id);
            table.HasIndex(row => new { row.ApplicationId, row.Id });
        });
        model.Entity<InboxRequest>(table =>
        {
            table.ToTable("inbox_request").HasKey(row => row.Id);
            table.HasIndex(row => new { row.InboxId, row.Id });
            table.HasIndex(row => new { row.InboxId, row.MessageId });
        });
        model.Entity<KeyRingEntry>().ToTable("key_ring").HasKey(row => row.Name);
        UseSnakeCase(model);
    }

    /// <summary>Says how an id is kept.</summary>
    protected abstract void Map<T>(ModelConfigurationBuilder conventions) where T : IIdentified;

    private static void Json<T>(ModelConfigurationBuilder conventions) where T : class =>
        conventions.Properties<T>().HaveConversion<JsonConverter<T>, ReferenceComparer<T>>();

    // Keys are made by the engine; a store that made its own would break their order.
    private static void UseSnakeCase(ModelBuilder model)
    {
        foreach (var property in model.Model.GetEntityTypes().SelectMany(type => type.GetProperties()))
        {
            property.SetColumnName(SnakeCase(property.Name));
            property.ValueGenerated = Microsoft.EntityFrameworkCore.Metadata.ValueGenerated.Never;
        }
    }

    private static string SnakeCase(string name) => string.Concat(name.Select(
        (c, i) => (i > 0 && char.IsUpper(c) && !char.IsUpper(name[i - 1]) ? "_" : "") + char.ToLowerInvariant(c)));
}

/// <summary>A number that only transactions change: <c>seq</c>, <c>route</c> and <c>pending</c>.</summary>
internal sealed class Counter
{
    /// <summary>The version of all routing: grows with every write to any endpoint.</summary>
    public const string Route = "route";

    public required string Name { get; init; }

    public long Value { get; set; }
}
