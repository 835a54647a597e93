using Grapnel.Storage.Copying;
using Grapnel.Storage.Postgres;
using Grapnel.Storage.Sqlite;
using Grapnel.Storage.Tests.Conformance;
using Grapnel.Storage.Tests.Postgres;
using Grapnel.Storage.Tests.Sqlite;
using Grapnel.Testing;

namespace Grapnel.Storage.Tests.Copying;

/// <summary>Copying an embedded store into PostgreSQL.</summary>
public sealed class CopyTests : IAsyncLifetime
{
    // Filled once; each test has a copy of the folder.
    private static readonly Lazy<Task<(string Folder, DateTimeOffset Now)>> Filled = new(async () =>
    {
        var clock = new TestClock(StoreConformance.Start);
        var folder = SqliteUnderTest.NewFolder();
        await using var store = await SqliteStore.OpenAsync(SqliteUnderTest.Options(folder, runLength: 20), clock);
        await new FilledStore(store, clock).FillAsync();
        return (folder, clock.GetUtcNow());
    });

    private PostgresServer _server = null!;
    private string _database = null!;
    private string _folder = null!;
    private TestClock _clock = null!;

    public async ValueTask InitializeAsync()
    {
        var filled = await Filled.Value;
        (_clock, _folder) = (new TestClock(filled.Now), SqliteUnderTest.NewFolder());
        File.Copy(Path.Combine(filled.Folder, "grapnel.db"), Path.Combine(_folder, "grapnel.db"));
        _server = await PostgresServer.Shared;
        _database = await _server.CreateDatabaseAsync();
    }

    public async ValueTask DisposeAsync() => await _server.DropDatabaseAsync(_database);

    [Fact]
    public async Task Everything_arrives_and_reads_as_it_did()
    {
        var tables = await CopyAsync();

        tables.ShouldAllBe(table => table.Matches);
        tables.Where(table => table.SourceRows == 0).ShouldBeEmpty("the test is to have rows in every table");
        tables.Single(table => table.Name == "attempt").Changed.ShouldBeGreaterThan(0);
        await ShouldReadTheSameAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(24 * 7)]
    public async Task History_gets_partitions_as_wide_as_the_setting_says(int hours)
    {
        await new StoreCopy(_clock) { HistoryPartition = TimeSpan.FromHours(hours) }.RunAsync(_folder, _server.ConnectionString(_database), default);

        (await _server.ReadNumbersAsync("SELECT DISTINCT (until - start) / 3600000 FROM history_partition", _database)).ShouldBe([hours]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_copy_that_is_cut_off_again_and_again_goes_on_where_it_was(int seed)
    {
        var (random, cutsAtTheEnd) = (new Random(seed), 2);
        var (tables, cuts, resumed, most) = (default(IReadOnlyList<CopiedTable>), 0, 0, new Dictionary<string, long>());
        while (tables is null)
        {
            using var cut = new CancellationTokenSource();
            var left = random.Next(1, 40);
            try
            {
                tables = await CopyAsync(step =>
                {
                    resumed += step is CopyStep.GoesOn ? 1 : 0;
                    if (step is CopyStep.Copied copied)
                    {
                        copied.Rows.ShouldBeGreaterThanOrEqualTo(most.GetValueOrDefault(copied.Table), "nothing is begun anew");
                        most[copied.Table] = copied.Rows;
                    }
                    // Reading back begins anew each time.
                    if (step is CopyStep.Copied ? --left == 0 : step is CopyStep.ReadBack && cutsAtTheEnd-- > 0)
                        cut.Cancel();
                }, cut.Token);
            }
            catch (OperationCanceledException)
            {
                cuts++;
            }
        }
        resumed.ShouldBe(cuts);
        cuts.ShouldBeGreaterThan(5);
        tables.ShouldAllBe(table => table.Matches);
        await ShouldReadTheSameAsync();
    }

    [Fact]
    public async Task A_copy_goes_on_after_its_sessions_were_ended_in_the_middle_of_a_page()
    {
        var steps = 0;
        await Should.ThrowAsync<StoreOpenException>(() => CopyAsync(step =>
        {
            if (step is CopyStep.Copied { Table: "message", Rows: > 50 } && steps++ == 0)
                _server.RunSqlAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()", _database)
                    .GetAwaiter().GetResult();
        }));
        (await CopyAsync()).ShouldAllBe(table => table.Matches);
        await ShouldReadTheSameAsync();
    }

    [Theory]
    [InlineData("attempt", "UPDATE attempt SET error = 'another' WHERE id = (SELECT id FROM attempt LIMIT 1)", 0)]
    [InlineData("message", "UPDATE message SET payload = payload || '\\x00' WHERE id = (SELECT id FROM message WHERE length(payload) > 0 LIMIT 1)", 0)]
    [InlineData("delivery", "DELETE FROM delivery WHERE seq = (SELECT max(seq) FROM delivery)", -1)]
    [InlineData("message_label", "INSERT INTO message_label SELECT application_id, 'c:more', id FROM message LIMIT 1", 1)]
    [InlineData("counter", "UPDATE counter SET value = value + 1 WHERE name = 'route'", 0)]
    public async Task A_row_that_is_not_what_it_was_is_found_and_the_database_serves_nobody(string table, string change, int rows)
    {
        var changed = false;
        var tables = await CopyAsync(step =>
        {
            if (step is not CopyStep.ReadBack || changed)
                return;
            changed = true;
            _server.RunSqlAsync(change, _database).GetAwaiter().GetResult();
        });

        var found = tables.Where(copied => !copied.Matches).ShouldHaveSingleItem();
        found.Name.ShouldBe(table);
        rows.ShouldBe(Math.Sign(found.TargetRows - found.SourceRows));
        (await Should.ThrowAsync<StoreOpenException>(OpenTargetAsync)).Message.ShouldStartWith("The copy into this database is not finished.");
        (await CopyAsync()).Single(copied => !copied.Matches).Name.ShouldBe(table, "running it again does not make it good");
    }

    [Fact]
    public async Task A_database_whose_copy_is_not_finished_serves_nobody()
    {
        await CutAsync(steps: 30);

        (await Should.ThrowAsync<StoreOpenException>(OpenTargetAsync)).Message
            .ShouldBe("The copy into this database is not finished. Run 'grapnel copy' again, or use an empty database.");

        await CopyAsync();
        await (await OpenTargetAsync()).DisposeAsync();
    }

    [Fact]
    public async Task A_database_that_is_not_empty_is_refused_and_left_as_it_is()
    {
        await (await OpenTargetAsync()).DisposeAsync();
        (await Should.ThrowAsync<StoreOpenException>(() => CopyAsync())).Message.ShouldContain("is not empty");
        await (await OpenTargetAsync()).DisposeAsync();

        var other = await _server.CreateDatabaseAsync();
        await _server.RunSqlAsync("CREATE TABLE things (id int)", other);
        await Should.ThrowAsync<StoreOpenException>(() => new StoreCopy(_clock).RunAsync(_folder, _server.ConnectionString(other) + ";Pooling=false", default));
        await _server.DropDatabaseAsync(other);
    }

    [Fact]
    public async Task Another_store_may_not_go_on_with_a_copy_nor_the_same_one_after_it_was_written_to()
    {
        await CutAsync(steps: 30);
        var own = _folder;
        await using (var other = await SqliteUnderTest.OpenAsync(_clock))
        {
            await other.Store.DisposeAsync();
            _folder = other.Folder;
            (await Should.ThrowAsync<StoreOpenException>(() => CopyAsync())).Message.ShouldContain("from another store");
        }

        _folder = own;
        await using (var store = await SqliteStore.OpenAsync(SqliteUnderTest.Options(_folder), _clock))
            await store.Deliveries.JoinAsync("back again", NodeRoles.All, default);
        (await Should.ThrowAsync<StoreOpenException>(() => CopyAsync())).Message.ShouldContain("has been written to since");
    }

    [Fact]
    public async Task A_store_that_a_server_uses_is_refused_and_one_that_is_copied_is_refused_to_servers()
    {
        await using (var store = await SqliteStore.OpenAsync(SqliteUnderTest.Options(_folder), _clock))
            await Should.ThrowAsync<StoreLockedException>(() => CopyAsync());

        await CopyAsync(step =>
        {
            if (step is CopyStep.Copied { Table: "message" })
                Should.Throw<StoreLockedException>(() => SqliteStore.Open(SqliteUnderTest.Options(_folder), _clock));
        });
    }

    [Fact]
    public async Task What_is_copied_stays_as_it_was_to_the_byte_after_a_crash_too()
    {
        // The log of a server that was killed, with messages in it.
        var crashed = SqliteUnderTest.NewFolder();
        await using (var store = await SqliteStore.OpenAsync(SqliteUnderTest.Options(_folder), _clock))
        {
            await store.Deliveries.JoinAsync("killed", NodeRoles.All, default);
            foreach (var file in Directory.GetFiles(_folder).Where(file => !file.EndsWith("grapnel.lock", StringComparison.Ordinal)))
                File.Copy(file, Path.Combine(crashed, Path.GetFileName(file)));
        }
        _folder = crashed;
        var before = FilesOf(_folder);
        before.Keys.ShouldContain("grapnel.db-wal");

        (await CopyAsync()).ShouldAllBe(table => table.Matches);

        foreach (var (name, content) in before.Where(file => !file.Key.EndsWith("-shm", StringComparison.Ordinal)))
            FilesOf(_folder)[name].ShouldBe(content, name);
        await ShouldReadTheSameAsync();
    }

    [Fact]
    public async Task Copying_leaves_no_files_behind()
    {
        await CopyAsync();
        FilesOf(_folder).Keys.Except(["grapnel.db", "grapnel.lock"]).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_store_of_an_older_version_is_to_be_migrated_first_and_none_at_all_is_told()
    {
        using (var session = SqliteSession.Open(Path.Combine(_folder, "grapnel.db"), Microsoft.Data.Sqlite.SqliteOpenMode.ReadWrite, SqliteUnderTest.Options(_folder)))
            session.Execute("DELETE FROM __EFMigrationsHistory WHERE MigrationId = (SELECT max(MigrationId) FROM __EFMigrationsHistory)");
        (await Should.ThrowAsync<StoreOpenException>(() => CopyAsync())).Message.ShouldContain("older version");

        _folder = SqliteUnderTest.NewFolder();
        (await Should.ThrowAsync<StoreOpenException>(() => CopyAsync())).Message.ShouldContain("There is no store");
        Directory.GetFiles(_folder).ShouldBeEmpty();
    }

    [Fact]
    public async Task Places_go_on_behind_the_last_one_and_a_key_that_was_used_again_has_its_later_answer()
    {
        await CopyAsync();
        long last;
        using (var source = CopySource.Open(_folder))
            last = source.LastPlace();

        await using var store = await OpenTargetAsync();
        (await store.Database.ReadAsync(session => session.Prepare("SELECT nextval('place')").Int64Async(), default)).ShouldBeGreaterThan(last);
        (await store.Database.ReadAsync(session => session.Prepare("SELECT count(*) FROM idempotency").Int64Async(), default)).ShouldBe(FilledStore.Keys - 1);
    }

    [Fact]
    public async Task History_gets_partitions_of_its_time()
    {
        await CopyAsync();
        await using var store = await OpenTargetAsync();
        (await store.Database.ReadAsync(session => session.Prepare("SELECT count(*) FROM message_rest").Int64Async(), default)).ShouldBe(0);
        (await store.Database.ReadAsync(session => session.Prepare("SELECT count(*) FROM attempt_rest").Int64Async(), default)).ShouldBe(0);
    }

    private static Dictionary<string, byte[]> FilesOf(string folder) =>
        Directory.GetFiles(folder).ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes);

    private async Task CutAsync(int steps)
    {
        using var cut = new CancellationTokenSource();
        await Should.ThrowAsync<OperationCanceledException>(() => CopyAsync(_ =>
        {
            if (--steps == 0)
                cut.Cancel();
        }, cut.Token));
    }

    private async Task ShouldReadTheSameAsync()
    {
        var before = await ReadSourceAsync();
        await using var store = await OpenTargetAsync();
        var after = await StoreContents.ReadAsync(store, _clock.GetUtcNow());
        before.Count.ShouldBeGreaterThan(500);
        for (var i = 0; i < Math.Min(before.Count, after.Count); i++)
            after[i].ShouldBe(before[i].Replace("\\u0000", "\\uFFFD", StringComparison.Ordinal));
        after.Count.ShouldBe(before.Count);
    }

    private async Task<List<string>> ReadSourceAsync()
    {
        await using var store = await SqliteStore.OpenAsync(SqliteUnderTest.Options(_folder), _clock);
        return await StoreContents.ReadAsync(store, _clock.GetUtcNow());
    }

    private Task<IReadOnlyList<CopiedTable>> CopyAsync(Action<CopyStep>? told = null, CancellationToken cancel = default, int pageRows = 7) =>
        new StoreCopy(_clock) { PageRows = pageRows, Told = told ?? (_ => { }) }.RunAsync(_folder, Connection, cancel);

    private Task<PostgresStore> OpenTargetAsync() => PostgresStore.OpenAsync(PostgresUnderTest.Options(_server, _database), _clock);

    // No pool outlives its test.
    private string Connection => _server.ConnectionString(_database) + ";Pooling=false";
}
