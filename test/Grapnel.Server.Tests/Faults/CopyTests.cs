using Grapnel.Server.Tests.Commands;
using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;
using Npgsql;

namespace Grapnel.Server.Tests.Faults;

/// <summary>Moving a server from SQLite to PostgreSQL, with the real program.</summary>
public sealed class CopyTests : IAsyncLifetime
{
    private const string Password = "never-to-be-printed";

    private readonly TemporaryFolder _folder = new();
    private PostgresServer _postgres = null!;
    private string _database = null!;

    private string Connection => $"{_postgres.ConnectionString(_database)};Password={Password}";

    public async ValueTask InitializeAsync()
    {
        _postgres = await PostgresServer.Shared;
        _database = await _postgres.CreateDatabaseAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _postgres.DropDatabaseAsync(_database);
        _folder.Dispose();
    }

    [Fact]
    public async Task After_a_copy_that_was_killed_once_what_was_pending_is_delivered_once_and_everybody_still_gets_in()
    {
        await using var receiver = await Receiver.StartAsync();
        var isDown = true;
        receiver.Answer = (arrival, _) => Task.FromResult(isDown && arrival.Path == "/down" ? 503 : 200);
        var data = Path.Combine(_folder.Path, "data");
        (string, string)[] delivery = [
            ("GRAPNEL_DELIVERY__RETRY_SCHEDULE", string.Join(',', Enumerable.Repeat("5s", 20))), ("GRAPNEL_DELIVERY__BREAKER_THRESHOLD", "1000")];
        IReadOnlyList<string> messages;
        string key;
        FormClient session;
        await using (var before = await Rig.StartAsync(data,
            [.. delivery, ("GRAPNEL_CONSOLE__ADMIN_NAME", ConsoleServer.Administrator), ("GRAPNEL_CONSOLE__ADMIN_PASSWORD", ConsoleServer.Password)]))
        {
            await before.CreateEndpointAsync(receiver.Url("/up"));
            await before.CreateEndpointAsync(receiver.Url("/down"));
            key = (await before.Client.PostJsonAsync("/api/v1/api-key", """{"name":"Made before"}"""))["key"].GetString()!;
            session = new FormClient(before.Client.BaseAddress!);
            await session.SignInAsync(ConsoleServer.Administrator);
            (await session.IsSignedInAsync()).ShouldBeTrue();
            messages = await before.PublishManyAsync("order.created", 60);
            await receiver.WaitForAsync(60, "/up");
            await receiver.WaitForAsync(60, "/down");
            (await before.StopAsync()).ShouldBe(0);
        }
        await AtDeliveriesAsync(new GrapnelProcess(_folder.Path, Copy(data)), copy => copy.KillAsync());
        await UnfinishedServesNobodyAsync();

        var (exitCode, output, errors) = await GrapnelProcess.RunAsync(_folder.Path, Copy(data));
        exitCode.ShouldBe(0, errors + output);
        output.ShouldContain("Going on with the copy begun at ");
        output.ShouldContain("rows are there and the same");
        (output + errors).ShouldNotContain(Password);

        isDown = false;
        var arrived = receiver.Arrivals.Count;
        await using var after = await Rig.StartAsync(Path.Combine(_folder.Path, "after"),
            [.. delivery, ("GRAPNEL_STORE", "postgres"), ("GRAPNEL_POSTGRES__CONNECTION_STRING", Connection)]);
        await after.WaitUntilNothingIsPendingAsync();
        receiver.Arrivals.Skip(arrived).Select(arrival => (arrival.Path, arrival.Id)).ShouldBe(messages.Select(id => ("/down", id)), ignoreOrder: true);

        using var shown = new HttpRequestMessage(HttpMethod.Get, "/api/v1/app/default/msg");
        shown.Headers.Authorization = new("Bearer", key);
        (await after.Client.SendAsync(shown)).IsSuccessStatusCode.ShouldBeTrue("a key that was made before still works");
        using var client = new FormClient(after.Client.BaseAddress!);
        client.Cookies.Add(session.Cookies.GetAllCookies());
        (await client.IsSignedInAsync()).ShouldBeTrue("a session that was begun before goes on");
        using var again = new FormClient(after.Client.BaseAddress!);
        await again.SignInAsync(ConsoleServer.Administrator);
        (await again.IsSignedInAsync()).ShouldBeTrue("who could sign in still can");
        session.Dispose();
    }

    [Fact]
    public async Task A_copy_that_Ctrl_C_stopped_says_how_to_go_on_and_a_second_run_completes_it_with_the_partitions_that_the_setting_asks_for()
    {
        (string, string)[] hourly = [("GRAPNEL_POSTGRES__HISTORY_PARTITION", "1h")];
        var data = Path.Combine(_folder.Path, "data");
        await using (var before = await Rig.StartAsync(data))
        {
            await before.CreateEndpointAsync("http://127.0.0.1:1/");
            await before.PublishManyAsync("order.created", 5);
            (await before.StopAsync()).ShouldBe(0);
        }

        await AtDeliveriesAsync(new GrapnelProcess(_folder.Path, Copy(data), hourly), async copy =>
        {
            copy.Interrupt();
            (await copy.WaitForExitAsync()).ShouldBe(1);
            (await copy.Errors).Trim().ShouldBe("Stopped before the end. Run the same command again: it goes on where it was.");
        });
        await UnfinishedServesNobodyAsync();

        await using var second = new GrapnelProcess(_folder.Path, Copy(data), hourly);
        (await second.WaitForExitAsync()).ShouldBe(0, await second.Errors);
        (await _postgres.ReadNumbersAsync("SELECT DISTINCT until - start FROM history_partition", _database)).ShouldBe([(long)TimeSpan.FromHours(1).TotalMilliseconds]);
        (await _postgres.ReadNumbersAsync("SELECT count(*) FROM delivery", _database)).ShouldBe([5]);
    }

    [Theory]
    [InlineData("--from", "postgres:Host=db", "--to", "sqlite:data", "Only --from sqlite:<folder> --to postgres:<connection string> can be copied.", 1)]
    [InlineData("--from", "sqlite:nowhere", "--to", "postgres:Host=db", "There is no store of Grapnel in ", 1)]
    [InlineData("--from", "sqlite:data", "--to", "mysql:Host=db;Password=never-to-be-printed", "A store is named sqlite:<folder> or postgres:<connection string>", 2)]
    public async Task What_cannot_be_copied_is_told_in_a_sentence(string from, string fromValue, string to, string toValue, string message, int exitCode)
    {
        var ended = await GrapnelProcess.RunAsync(_folder.Path, "copy", from, fromValue, to, toValue);
        ended.ExitCode.ShouldBe(exitCode, ended.Errors);
        ended.Errors.ShouldContain(message);
        ended.Errors.ShouldNotContain(Password);
        Directory.Exists(Path.Combine(_folder.Path, "nowhere")).ShouldBeFalse();
    }

    private string[] Copy(string data) => ["copy", "--from", $"sqlite:{data}", "--to", $"postgres:{Connection}"];

    // A lock keeps the copy in the transaction of a page until it is ended there: deliveries come last.
    private async Task AtDeliveriesAsync(GrapnelProcess copy, Func<GrapnelProcess, Task> end)
    {
        await using var ended = copy;
        await using var connection = new NpgsqlConnection(_postgres.ConnectionString(_database) + ";Pooling=false");
        await connection.OpenAsync();
        await Eventually.IsTrueAsync("the tables are there", () => IsTrueAsync(connection, "SELECT to_regclass('delivery') IS NOT NULL"));
        await using var transaction = await connection.BeginTransactionAsync();
        await IsTrueAsync(connection, "LOCK TABLE delivery IN EXCLUSIVE MODE; SELECT true");
        await Eventually.IsTrueAsync("the copy has come to the deliveries", () => IsTrueAsync(connection,
            "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'delivery'::regclass AND NOT granted)"));
        await end(copy);
    }

    private async Task UnfinishedServesNobodyAsync()
    {
        var refused = await GrapnelProcess.RunAsync(_folder.Path, "serve", "--urls", "http://127.0.0.1:0", "Store=postgres", $"Postgres:ConnectionString={Connection}");
        refused.ExitCode.ShouldBe(1, refused.Errors);
        refused.Errors.ShouldContain("The copy into this database is not finished.");
    }

    private static async Task<bool> IsTrueAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (bool)(await command.ExecuteScalarAsync())!;
    }
}
