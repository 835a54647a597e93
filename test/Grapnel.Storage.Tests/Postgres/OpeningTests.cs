using System.Diagnostics;
using Grapnel.Storage.Catalog;
using Grapnel.Storage.Postgres;
using Grapnel.Storage.Tests.Conformance;
using Grapnel.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql;

namespace Grapnel.Storage.Tests.Postgres;

/// <summary>What cannot be opened as it is says why, and is left as it is.</summary>
public sealed class OpeningTests : IAsyncLifetime
{
    private static readonly AsyncLocal<StrongCount?> EfEvents = new();

    private readonly TestClock _clock = new(StoreConformance.Start);
    private PostgresServer _server = null!;
    private string _database = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgresServer.Shared;
        _database = await _server.CreateDatabaseAsync();
    }

    public async ValueTask DisposeAsync() => await _server.DropDatabaseAsync(_database);

    [Fact]
    public async Task Of_stores_that_open_one_empty_database_at_once_one_migrates_it_and_all_open()
    {
        var stores = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(OpenAsync)));

        foreach (var store in stores)
        {
            (await store.Catalog.ListApplicationsAsync(new PageRequest(), default)).Items.Count.ShouldBe(2);
            (await store.Statistics.CountPendingAsync(default)).ShouldBe(0);
        }
        (await CountAsync("SELECT count(*) FROM \"__EFMigrationsHistory\"")).ShouldBe(PostgresSchema.KnownMigrations().Count);
        (await CountAsync("SELECT count(*) FROM history_partition")).ShouldBe(3);
        foreach (var store in stores)
            await store.DisposeAsync();
    }

    [Fact]
    public async Task A_second_start_does_without_EF()
    {
        using var _ = DiagnosticListener.AllListeners.Subscribe(new Observer<DiagnosticListener>(listener =>
        {
            if (listener.Name == DbLoggerCategory.Name)
                listener.Subscribe(new Observer<KeyValuePair<string, object?>>(_ => EfEvents.Value?.Add()));
        }));

        (await CountEfEventsAsync()).ShouldBeGreaterThan(0);
        (await CountEfEventsAsync()).ShouldBe(0);
    }

    [Fact]
    public void What_the_connection_string_does_not_say_has_Grapnels_defaults_and_what_it_says_holds()
    {
        (int, int, int, int, string) InForce(string given)
        {
            var database = new PostgresDatabase(new PostgresStoreOptions
            {
                ConnectionString = given, MaxConnections = 7, Timeout = TimeSpan.FromSeconds(9),
            });
            var (settings, hot) = (new NpgsqlConnectionStringBuilder(database.ConnectionString), new NpgsqlConnectionStringBuilder(database.Hot.ConnectionString));
            return (settings.MaxPoolSize + hot.MaxPoolSize, hot.Timeout, hot.CommandTimeout, settings.MaxAutoPrepare, settings.ApplicationName!);
        }

        InForce("Host=db").ShouldBe((7, 9, 9, 64, "grapnel"));
        InForce("Host=db;MaxPoolSize=3;Timeout=4;CommandTimeout=5;MaxAutoPrepare=6;ApplicationName=mine").ShouldBe((3, 4, 5, 6, "mine"));
    }

    [Fact]
    public async Task Statements_of_the_hot_path_are_parsed_once_in_a_session()
    {
        await using var store = await OpenAsync();

        (await store.Database.ReadAsync(async session =>
        {
            for (var times = 0; times < 3; times++)
                await session.Prepare("SELECT 1").RunAsync();
            return await session.Prepare("SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT 1'").Int64Async();
        }, default)).ShouldBe(1);
    }

    [Fact]
    public async Task The_model_has_no_change_that_lacks_a_migration()
    {
        await using var store = await OpenAsync();

        (await store.Database.ReadAsync(session =>
        {
            using var catalog = PostgresCatalogDatabase.OpenCatalog(session);
            return Task.FromResult(catalog.Database.HasPendingModelChanges());
        }, default)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_database_of_the_first_version_is_upgraded_with_all_its_messages_wherever_they_lie()
    {
        // A partition of days ago, so that it is in the way of none that opening makes.
        var ids = new IdGenerator(new TestClock(StoreConformance.Start.AddDays(-10)));
        var (application, message, later) = (ids.Next<Application>(), ids.Next<Message>(), ids.Next<Message>());
        await using (var connection = new NpgsqlConnection(_server.ConnectionString(_database)))
        {
            await connection.OpenAsync();
            using (var catalog = PostgresCatalogDatabase.OpenCatalog(new PostgresSession(connection, default)))
            {
                catalog.Database.AutoTransactionBehavior = AutoTransactionBehavior.WhenNeeded;
                catalog.GetService<IMigrator>().Migrate("20261128172524_Initial");
            }
            var session = new PostgresSession(connection, default);
            await session.Prepare("CREATE TABLE message_of_old (LIKE message INCLUDING DEFAULTS)").RunAsync();
            await session.Prepare($"ALTER TABLE message ATTACH PARTITION message_of_old FOR VALUES FROM ('{Uuid.Of(message)}') TO ('{Uuid.Of(later)}')").RunAsync();
            await session.Prepare("""
                INSERT INTO message (id, application_id, place, event_type, content_type, accepted_at, route_version, owed, payload)
                VALUES ($1, $2, 1, 'x', 'application/json', 1, 1, '', '{}')
                """).Bind(message).Bind(application).RunAsync();
        }

        await using var store = await OpenAsync();

        var found = await store.History.FindMessageAsync(application, message.ToString(), default);
        (found!.Id, found.TraceParent).ShouldBe((message, null));
        (await store.Alerts.ReadAsync(default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_database_of_a_newer_version_is_left_alone()
    {
        await (await OpenAsync()).DisposeAsync();
        await _server.RunSqlAsync("INSERT INTO \"__EFMigrationsHistory\" VALUES ('29990101000000_Future', '99')", _database);

        (await ShouldNotOpenAsync()).ShouldContain("newer version of Grapnel (it has 29990101000000_Future)");
    }

    [Fact]
    public async Task The_tables_of_another_program_are_left_alone()
    {
        await _server.RunSqlAsync("CREATE TABLE theirs (x int); INSERT INTO theirs VALUES (7)", _database);

        await (await OpenAsync()).DisposeAsync();

        (await CountAsync("SELECT sum(x) FROM theirs")).ShouldBe(7);
    }

    [Fact]
    public async Task A_table_of_another_program_with_a_name_that_is_needed_is_an_error_that_names_it_and_nothing_is_half_made()
    {
        await _server.RunSqlAsync("CREATE TABLE message (x int)", _database);

        (await ShouldNotOpenAsync()).ShouldContain("\"message\" already exists");
        (await CountAsync("SELECT count(*) FROM pg_class WHERE relname IN ('application', 'delivery', 'message_event')")).ShouldBe(0);

        await _server.RunSqlAsync("ALTER TABLE message RENAME TO theirs", _database);
        await (await OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task A_database_that_another_program_keeps_with_EF_is_left_alone()
    {
        await _server.RunSqlAsync("""
            CREATE TABLE "__EFMigrationsHistory" ("MigrationId" text PRIMARY KEY, "ProductVersion" text);
            INSERT INTO "__EFMigrationsHistory" VALUES ('20200101000000_Theirs', '9')
            """, _database);

        (await ShouldNotOpenAsync()).ShouldContain("another program");
    }

    [Fact]
    public async Task A_migration_that_was_broken_off_is_made_again()
    {
        await (await OpenAsync()).DisposeAsync();
        await _server.RunSqlAsync("DELETE FROM application", _database);

        await using var store = await OpenAsync();

        (await store.Catalog.ListApplicationsAsync(new PageRequest(), default)).Items.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_database_that_does_not_exist_is_an_error_that_names_it() =>
        (await ShouldNotOpenAsync(_server.ConnectionString("nowhere"))).ShouldContain("\"nowhere\" does not exist");

    [Theory]
    [InlineData("Host=127.0.0.1;Port={0};Username=grapnel;Password=opensesame")]
    [InlineData("Host=127.0.0.1;Port={0};Username=grapnel;Password=opensesame;Nonsense=7")]
    [InlineData("Host=127.0.0.1;Port=seven;Password=opensesame")]
    [InlineData("opensesame")]
    [InlineData("postgres://grapnel:opensesame@db/grapnel")]
    public async Task A_server_that_cannot_be_reached_is_an_error_that_keeps_the_password_to_itself(string connectionString)
    {
        var error = await Should.ThrowAsync<StoreOpenException>(() => OpenAsync(string.Format(null, connectionString, Ports.Free())));

        error.ToString().ShouldNotContain("opensesame");
    }

    private async Task<int> CountEfEventsAsync()
    {
        var count = EfEvents.Value = new StrongCount();
        await (await OpenAsync()).DisposeAsync();
        EfEvents.Value = null;
        return count.Value;
    }

    private async Task<string> ShouldNotOpenAsync(string? connectionString = null) =>
        (await Should.ThrowAsync<StoreOpenException>(() => OpenAsync(connectionString ?? _server.ConnectionString(_database)))).Message;

    private Task<PostgresStore> OpenAsync() => OpenAsync(_server.ConnectionString(_database));

    private Task<PostgresStore> OpenAsync(string connectionString) => PostgresStore.OpenAsync(
        new PostgresStoreOptions { ConnectionString = connectionString, MaxConnections = 10, HistoryPartition = TimeSpan.FromMinutes(1) }, _clock);

    private async Task<long> CountAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(_server.ConnectionString(_database) + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private sealed class StrongCount
    {
        private int _value;

        public int Value => _value;

        public void Add() => Interlocked.Increment(ref _value);
    }

    private sealed class Observer<T>(Action<T> see) : IObserver<T>
    {
        public void OnNext(T value) => see(value);

        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }
    }
}
