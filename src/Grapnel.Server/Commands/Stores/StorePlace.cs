using Grapnel.Server.Hosting;
using Grapnel.Storage;
using Grapnel.Storage.Examining;
using Grapnel.Storage.Postgres;
using Grapnel.Storage.Sqlite;
using Npgsql;

namespace Grapnel.Server.Commands.Stores;

/// <summary>Where a store is, as a command line names it: <c>sqlite:</c> and a folder, or <c>postgres:</c> and a connection string.</summary>
internal sealed class StorePlace
{
    /// <summary>What a place looks like, for help texts and errors.</summary>
    public const string Forms = "sqlite:<folder> or postgres:<connection string>";

    private const string Sqlite = "sqlite:";
    private const string Postgres = "postgres:";
    private readonly string _text;

    private StorePlace(StoreKind kind, string text) => (Kind, _text) = (kind, text);

    /// <summary>The back-end.</summary>
    public StoreKind Kind { get; }

    /// <summary>The folder, or the connection string, which has a password in it.</summary>
    public string Location => _text;

    /// <summary>A data folder.</summary>
    public static StorePlace Folder(string folder) => new(StoreKind.Sqlite, folder);

    /// <summary>Reads a place; null when it is none.</summary>
    public static StorePlace? Parse(string text) =>
        text.StartsWith(Sqlite, StringComparison.OrdinalIgnoreCase) && text.Length > Sqlite.Length ? Folder(text[Sqlite.Length..])
        : text.StartsWith(Postgres, StringComparison.OrdinalIgnoreCase) && IsConnectionString(text[Postgres.Length..])
            ? new StorePlace(StoreKind.Postgres, text[Postgres.Length..])
        : null;

    /// <summary>Where a server would keep its data that is started with this environment and nothing else.</summary>
    /// <exception cref="CommandException">The environment has faults.</exception>
    public static StorePlace OfEnvironment()
    {
        var settings = ReadEnvironment().ToDictionary(StringComparer.OrdinalIgnoreCase);
        return settings.GetValueOrDefault("Store") is { } kind && kind.Equals(nameof(StoreKind.Postgres), StringComparison.OrdinalIgnoreCase)
            ? new StorePlace(StoreKind.Postgres, settings.GetValueOrDefault("Postgres:ConnectionString") ?? "")
            : Folder(settings.GetValueOrDefault("Store:Data") ?? new SqliteStoreOptions().Data);
    }

    /// <summary>Opens the store; a new one is made where there is none, if <paramref name="create"/> says so.</summary>
    /// <exception cref="CommandException">It cannot be opened; says why.</exception>
    public async Task<IStore> OpenAsync(bool create, string ifRunning, CancellationToken cancel)
    {
        try
        {
            if (!create && !await ExistsAsync(cancel))
                throw new CommandException($"There is no store of Grapnel in {this}. Name the server's with --data or --store.");
            return Kind == StoreKind.Sqlite
                ? await SqliteStore.OpenAsync(new SqliteStoreOptions { Data = _text }, TimeProvider.System, cancel)
                : await PostgresStore.OpenAsync(PostgresOptions(), TimeProvider.System, cancellationToken: cancel);
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

    /// <summary>How a server would use the database that is started with this environment; but tables may be made whatever it says.</summary>
    /// <exception cref="CommandException">The environment has faults.</exception>
    public PostgresStoreOptions PostgresOptions()
    {
        try
        {
            var settings = new SettingsReader(new ConfigurationBuilder()
                .AddInMemoryCollection(GrapnelEnvironment.Read(Environment.GetEnvironmentVariables()))
                .AddInMemoryCollection([new($"Postgres:{nameof(PostgresStoreOptions.ConnectionString)}", _text)]).Build());
            var options = settings.Read(new PostgresStoreOptionsRules(StoreKind.Postgres));
            settings.ThrowIfAnyFault();
            options.Migrate = true;
            return options;
        }
        catch (SettingsException faults)
        {
            throw new CommandException(faults.Message, faults);
        }
    }

    /// <summary>The place for people: without a password.</summary>
    public override string ToString() => Kind == StoreKind.Sqlite ? Path.GetFullPath(_text) : ServerFacts.NameOf(_text);

    private async Task<bool> ExistsAsync(CancellationToken cancel) => Kind == StoreKind.Sqlite
        ? SqliteExamination.HasStore(_text)
        : await PostgresExamination.HasStoreAsync(PostgresOptions(), cancel);

    private static IReadOnlyList<KeyValuePair<string, string?>> ReadEnvironment()
    {
        try
        {
            return GrapnelEnvironment.Read(Environment.GetEnvironmentVariables());
        }
        catch (SettingsException faults)
        {
            throw new CommandException(faults.Message, faults);
        }
    }

    private static bool IsConnectionString(string text)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(text).Host is { Length: > 0 };
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
