using Grapnel.Storage.Sqlite;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.DependencyInjection;

namespace Grapnel.Storage.Tests.Sqlite;

/// <summary>No silent new database, no silent loss: what cannot be opened as it is says why.</summary>
public sealed class OpeningTests : SqliteTests
{
    [Fact]
    public async Task A_second_store_on_one_folder_is_told_who_has_it()
    {
        var error = await Should.ThrowAsync<StoreLockedException>(() => OpenAsync(Under.Folder));

        error.Message.ShouldContain($"process {Environment.ProcessId}");
        error.Message.ShouldContain("2026-03-01 12:00:00");
    }

    [Fact]
    public async Task An_empty_folder_becomes_a_store_and_opening_it_again_migrates_nothing()
    {
        var folder = SqliteUnderTest.NewFolder();
        for (var i = 0; i < 2; i++)
        {
            await using var store = await OpenAsync(Path.Combine(folder, "data"));
            (await store.Catalog.ListApplicationsAsync(new PageRequest(), default)).Items.Count.ShouldBe(2);
            (await store.Gate.RunAsync(session => session.Prepare("SELECT count(*) FROM __EFMigrationsHistory").RunInt64())).ShouldBe(SqliteSchema.KnownMigrations().Count);
        }
    }

    [Fact]
    public async Task A_store_of_the_first_version_is_upgraded_with_all_its_messages_and_finds_them_by_channel_and_tag()
    {
        var folder = SqliteUnderTest.NewFolder();
        var (plain, labelled) = (Ids.Next<Message>(), Ids.Next<Message>());
        using (var session = SqliteSession.Open(Path.Combine(folder, "grapnel.db"), SqliteOpenMode.ReadWriteCreate, SqliteUnderTest.Options(folder)))
        {
            using (var catalog = session.OpenCatalog())
            {
                catalog.Database.AutoTransactionBehavior = AutoTransactionBehavior.WhenNeeded;
                catalog.GetService<IMigrator>().Migrate("20261123200500_Initial");
            }
            InsertAsOfOld(session, 1, plain, null, null);
            InsertAsOfOld(session, 2, labelled, """["eu","us","eu"]""", """["vip"]""");
        }

        await using var store = await OpenAsync(folder);
        async Task<IEnumerable<Id<Message>>> List(MessageFilter filter) =>
            (await store.History.ListMessagesAsync(Tenant, filter, new PageRequest(), default)).Items.Select(message => message.Id);

        (await List(new MessageFilter())).ShouldBe([labelled, plain]);
        (await List(new MessageFilter(Channel: "eu"))).ShouldBe([labelled]);
        (await List(new MessageFilter(Tag: "vip"))).ShouldBe([labelled]);
        (await List(new MessageFilter(Tag: "eu"))).ShouldBeEmpty();
    }

    private void InsertAsOfOld(SqliteSession session, long n, Id<Message> id, string? channels, string? tags) => session.Prepare("""
        INSERT INTO message (n, id, application_id, event_type, channels, tags, content_type, accepted_at, route_version, owed, payload)
        VALUES (?, ?, ?, 'x', ?, ?, 'application/json', 1, 1, x'', x'7b7d')
        """).Bind(n).Bind(id).Bind(Tenant).Bind(channels).Bind(tags).Run();

    [Fact]
    public async Task The_model_has_no_change_that_lacks_a_migration() =>
        (await Store.Gate.RunAsync(session =>
        {
            using var catalog = session.OpenCatalog();
            return Microsoft.EntityFrameworkCore.RelationalDatabaseFacadeExtensions.HasPendingModelChanges(catalog.Database);
        })).ShouldBeFalse();

    [Fact]
    public async Task After_a_crash_everything_accepted_is_there_and_its_lanes_are_free_at_once()
    {
        var lane = Ids.Next<Endpoint>();
        await Store.Deliveries.AcceptAsync(new AcceptBatch(Node, [new AcceptItem(NewMessage(), [lane], null)], [lane]), default);

        await using var store = await OpenAsync(CopyAsAfterACrash());

        var node = await store.Deliveries.JoinAsync("next", NodeRoles.All, default);
        (await store.Deliveries.TakeLanesAsync(node, 10, default)).ShouldBe([lane]);
        (await store.History.ReadBacklogAsync(default)).Pending.ShouldBe(1);
        (await store.Deliveries.HeartbeatAsync(Node, default)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_log_lost_after_a_crash_is_an_error()
    {
        var folder = CopyAsAfterACrash();
        File.Delete(Path.Combine(folder, "grapnel.db-wal"));

        (await ShouldNotOpenAsync(folder)).ShouldContain("grapnel.db-wal is missing");
    }

    [Fact]
    public async Task A_database_lost_after_a_crash_is_an_error_and_no_new_one_is_made()
    {
        var folder = CopyAsAfterACrash();
        File.Delete(Path.Combine(folder, "grapnel.db"));

        (await ShouldNotOpenAsync(folder)).ShouldContain("grapnel.db is missing");
        File.Exists(Path.Combine(folder, "grapnel.db")).ShouldBeFalse();
    }

    [Fact]
    public async Task Closing_in_order_leaves_one_file_that_holds_everything()
    {
        await AcceptAsync(Ids.Next<Endpoint>());
        await Store.DisposeAsync();
        var folder = SqliteUnderTest.NewFolder();
        File.Copy(Path.Combine(Under.Folder, "grapnel.db"), Path.Combine(folder, "grapnel.db"));

        await using (var store = await OpenAsync(folder))
            (await store.History.ReadBacklogAsync(default)).Pending.ShouldBe(1);
    }

    [Fact]
    public async Task A_folder_in_place_of_the_database_is_an_error()
    {
        var folder = SqliteUnderTest.NewFolder();
        Directory.CreateDirectory(Path.Combine(folder, "grapnel.db"));

        (await ShouldNotOpenAsync(folder)).ShouldContain("is a folder");
    }

    [Fact]
    public async Task An_empty_file_in_place_of_the_database_is_an_error()
    {
        var folder = SqliteUnderTest.NewFolder();
        await File.WriteAllBytesAsync(Path.Combine(folder, "grapnel.db"), []);

        (await ShouldNotOpenAsync(folder)).ShouldContain("is empty");
    }

    [Fact]
    public async Task A_damaged_header_is_an_error()
    {
        var folder = SqliteUnderTest.NewFolder();
        await File.WriteAllBytesAsync(Path.Combine(folder, "grapnel.db"), [.. Enumerable.Repeat((byte)0x5a, 8192)]);

        (await ShouldNotOpenAsync(folder)).ShouldContain("damaged");
    }

    [Fact]
    public async Task A_database_of_another_program_is_left_alone()
    {
        var folder = SqliteUnderTest.NewFolder();
        Create(folder, "CREATE TABLE theirs (x)");

        (await ShouldNotOpenAsync(folder)).ShouldContain("another program");
    }

    [Fact]
    public async Task A_database_of_a_newer_version_is_left_alone()
    {
        var folder = SqliteUnderTest.NewFolder();
        await (await OpenAsync(folder)).DisposeAsync();
        Create(folder, "INSERT INTO __EFMigrationsHistory VALUES ('29990101000000_Future', '99')");

        (await ShouldNotOpenAsync(folder)).ShouldContain("newer version");
    }

    [Fact]
    public async Task A_data_folder_that_cannot_be_made_is_an_error()
    {
        var file = Path.Combine(SqliteUnderTest.NewFolder(), "file");
        await File.WriteAllTextAsync(file, "");

        (await ShouldNotOpenAsync(Path.Combine(file, "data"))).ShouldContain("cannot be made");
    }

    [Fact]
    public async Task The_container_opens_one_store_for_its_four_roles_and_closes_it()
    {
        var folder = SqliteUnderTest.NewFolder();
        var services = new ServiceCollection().AddSingleton<TimeProvider>(Clock).AddGrapnelSqlite(options => options.Data = folder);

        await using (var provider = services.BuildServiceProvider())
        {
            provider.GetRequiredService<IDeliveryStore>().ShouldBeSameAs(provider.GetRequiredService<IStore>().Deliveries);
            provider.GetRequiredService<ICatalogStore>().ShouldBeSameAs(provider.GetRequiredService<IStore>().Catalog);
            provider.GetRequiredService<IHistoryStore>().ShouldBeSameAs(provider.GetRequiredService<IStore>().History);
            provider.GetRequiredService<IBackgroundTaskStore>().ShouldBeSameAs(provider.GetRequiredService<IStore>().Tasks);
        }

        File.Exists(Path.Combine(folder, "grapnel.lock.json")).ShouldBeFalse();
        await (await OpenAsync(folder)).DisposeAsync();
    }

    private static void Create(string folder, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "grapnel.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private async Task<string> ShouldNotOpenAsync(string folder)
    {
        var message = (await Should.ThrowAsync<StoreOpenException>(() => OpenAsync(folder))).Message;
        // What failed once must not hold the folder: the same error comes again, not a lock.
        (await Should.ThrowAsync<StoreOpenException>(() => OpenAsync(folder))).Message.ShouldBe(message);
        return message;
    }

    private Task<SqliteStore> OpenAsync(string folder) => SqliteStore.OpenAsync(SqliteUnderTest.Options(folder), Clock);

    // The files as kill -9 leaves them: those of a store that is open.
    private string CopyAsAfterACrash()
    {
        var folder = SqliteUnderTest.NewFolder();
        foreach (var name in new[] { "grapnel.db", "grapnel.db-wal", "grapnel.lock.json" })
            File.Copy(Path.Combine(Under.Folder, name), Path.Combine(folder, name));
        return folder;
    }
}
