using System.Collections;
using System.Text.Json;
using Grapnel.Sending.Signing;
using Grapnel.Server.Commands;
using Grapnel.Server.Commands.Examinations;
using Grapnel.Server.Hosting;
using Grapnel.Server.Tests.Commands;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;
using Microsoft.Data.Sqlite;

namespace Grapnel.Server.Tests.Faults;

/// <summary><c>grapnel doctor</c>: each finding, provoked.</summary>
public sealed class DoctorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Data => Path.Combine(_folder.Path, "data");

    public void Dispose() => _folder.Dispose();

    [Theory, InlineData(BackEnd.Sqlite), InlineData(BackEnd.Postgres), InlineData(BackEnd.SqliteRedis)]
    public async Task A_running_server_and_one_that_was_stopped_in_order_have_no_finding(BackEnd backEnd)
    {
        await using var database = backEnd == BackEnd.Postgres ? await OwnDatabase.CreateAsync(await PostgresServer.Shared) : null;
        (string, string)[] settings = [.. database?.Settings ?? [], .. backEnd == BackEnd.SqliteRedis ? OwnQueue.Settings(await RedisServer.Shared) : []];
        await using var rig = await Rig.StartAsync(Data, settings);
        await using var receiver = await Receiver.StartAsync();
        var endpoint = await rig.CreateEndpointAsync(receiver.Url());
        await rig.WaitForAsync(await rig.PublishAsync("order.created"), endpoint, "delivered/delivered");

        var running = await ExamineAsync(settings, url: rig.Client.BaseAddress);
        Bad(running).ShouldBeEmpty();
        running.Select(finding => finding.Area).Distinct().ShouldBe(
            ["settings", "store", "lanes", "clock", "keys", .. (string[])(backEnd == BackEnd.SqliteRedis ? ["redis"] : []), .. (string[])(backEnd == BackEnd.Postgres ? [] : ["disk"]), "limits", "server"],
            ignoreOrder: true);

        (await rig.StopAsync()).ShouldBe(0);
        Bad(await ExamineAsync(settings)).ShouldBeEmpty();
        (await ExamineAsync(settings, url: rig.Client.BaseAddress)).ShouldContain(finding => finding.Area == "server" && finding.Text.Contains("does not answer"));
    }

    [Fact]
    public async Task Every_fault_of_the_settings_is_told_and_the_rest_is_examined_all_the_same()
    {
        await MakeStoreAsync();
        var found = await ExamineAsync([("GRAPNEL_DELIVERY__TIMEOUT", "nonsense")], arguments: ["Delivery:MaxConcurency=5", "Retention:Messages=0s"]);
        var faults = Bad(found).Where(finding => finding.Area == "settings").Select(finding => finding.Text).ToArray();
        faults.Length.ShouldBe(3);
        foreach (var fault in new[] { "Delivery:Timeout: 'nonsense'", "Retention:Messages: must", "did you mean Delivery:MaxConcurrency" })
            faults.ShouldContain(text => text.Contains(fault));
        found.ShouldContain(finding => finding.Area == "store" && finding.Severity == "Fine");
    }

    [Fact]
    public async Task A_store_that_is_not_there_or_lost_its_log_is_told()
    {
        (await OnlyBadAsync("store")).ShouldContain("There is no store");
        await using (var rig = await Rig.StartAsync(Data))
            await rig.Server.KillAsync();
        File.Move(Path.Combine(Data, "grapnel.db-wal"), Path.Combine(_folder.Path, "wal"));
        (await OnlyBadAsync("store")).ShouldContain("grapnel.db-wal is missing");
        File.Move(Path.Combine(_folder.Path, "wal"), Path.Combine(Data, "grapnel.db-wal"));
        Bad(await ExamineAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_torn_key_and_a_key_ring_that_opens_nothing_are_told()
    {
        await using (var rig = await Rig.StartAsync(Data))
            await rig.StopAsync();
        var key = Directory.GetFiles(Path.Combine(Data, "key-ring")).First();
        Bad(await ExamineAsync()).ShouldBeEmpty();
        var whole = await File.ReadAllTextAsync(key);
        await File.WriteAllTextAsync(key, whole[..40]);
        (await OnlyBadAsync("keys")).ShouldContain("cannot be read");
        Directory.Move(Path.Combine(Data, "key-ring"), Path.Combine(_folder.Path, "away"));
        (await OnlyBadAsync("keys")).ShouldContain("does not open the secrets at rest");
    }

    [Fact]
    public async Task Damage_a_missing_index_and_a_clock_that_is_behind_are_told()
    {
        await MakeStoreAsync();
        await RunSqlAsync("DROP INDEX attempt_endpoint");
        (await OnlyBadAsync("store")).ShouldContain("The index attempt_endpoint is missing");
        await RunSqlAsync("CREATE INDEX attempt_endpoint ON attempt (endpoint_id, id)");
        await RunSqlAsync($"UPDATE message SET accepted_at = {TimeProvider.System.GetUtcNow().AddHours(2).ToUnixTimeMilliseconds()}");
        (await OnlyBadAsync("clock")).ShouldContain("which this machine's clock has not reached");

        using (var file = File.OpenWrite(Path.Combine(Data, "grapnel.db")))
        {
            file.Position = 4096 * 3;
            file.Write(new byte[4096 * 6]);
        }
        (await OnlyBadAsync("store")).ShouldNotBeEmpty();
    }

    [Fact]
    public async Task What_is_pending_without_a_server_and_what_a_server_that_stands_still_does_not_send_is_told()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var rig = await Rig.StartAsync(Data);
        receiver.Answer = (_, _) => Task.FromResult(503);
        var endpoint = await rig.CreateEndpointAsync(receiver.Url(), "\"retrySchedule\":[1,1,1,1]");
        await rig.PublishAsync("order.created");
        await receiver.WaitForAsync(1);
        await rig.Server.FreezeAsync();
        string[] found = [];
        await Eventually.IsTrueAsync("it is stuck", async () =>
        {
            found = [.. Bad(await ExamineAsync([], stuckAfter: TimeSpan.FromSeconds(1))).Where(finding => finding.Area == "lanes").Select(finding => finding.Text)];
            return found.Length > 0;
        });
        found.ShouldHaveSingleItem().ShouldContain($"Nothing was sent to {endpoint} for 1s although something is due; the node");
        Bad(await ExamineAsync([], url: rig.Client.BaseAddress)).ShouldContain(finding => finding.Area == "server");

        await rig.Server.KillAsync();
        (await OnlyBadAsync("lanes")).ShouldContain("1 deliveries are pending, and no server works on this store");
    }

    [Fact]
    public async Task A_database_out_of_reach_an_invalid_index_too_few_connections_and_a_lost_node_are_told()
    {
        Bad(await ExamineAsync([("GRAPNEL_STORE", "postgres"), ("GRAPNEL_POSTGRES__CONNECTION_STRING", "Host=127.0.0.1;Port=1;Password=never-to-be-printed")]))
            .ShouldContain(finding => finding.Area == "store" && finding.Text.Contains("cannot be read"));

        await using var database = await OwnDatabase.CreateAsync(await PostgresServer.Shared);
        await using var rig = await Rig.StartAsync(Data, database.Settings);
        await database.RunSqlAsync("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idempotency_expiry'::regclass");
        (await OnlyBadAsync("store", database.Settings)).ShouldContain("The index idempotency_expiry is not valid");
        await database.RunSqlAsync("DROP INDEX idempotency_expiry");
        (await OnlyBadAsync("store", database.Settings)).ShouldContain("The index idempotency_expiry is missing");
        await database.RunSqlAsync("CREATE INDEX idempotency_expiry ON idempotency (expires_at)");
        (await OnlyBadAsync("store", [.. database.Settings, ("GRAPNEL_POSTGRES__MAX_CONNECTIONS", "400")])).ShouldContain("and PostgreSQL grants");

        await rig.Server.KillAsync();
        (await OnlyBadAsync("lanes", database.Settings)).ShouldContain("has no session any more");
    }

    [Fact]
    public async Task A_Redis_that_is_away_or_throws_keys_away_is_told()
    {
        await MakeStoreAsync();
        (await OnlyBadAsync("redis", [("GRAPNEL_QUEUE", "redis"), ("GRAPNEL_REDIS__CONNECTION_STRING", "127.0.0.1:1")])).ShouldContain("Redis does not answer");
        await using var redis = await RedisServer.StartAsync("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru");
        (await OnlyBadAsync("redis", [("GRAPNEL_QUEUE", "redis"), ("GRAPNEL_REDIS__CONNECTION_STRING", redis.ConnectionString)])).ShouldContain("maxmemory-policy allkeys-lru");
    }

    [Fact]
    public async Task A_way_to_an_endpoint_is_told_up_to_where_it_ends()
    {
        await MakeStoreAsync();
        using var certificates = new TestCertificates();
        await using var receiver = await Receiver.StartAsync();
        await using var trusted = await Receiver.StartAsync(certificates.Issue("127.0.0.1"));
        await using var expired = await Receiver.StartAsync(certificates.Issue("127.0.0.1", expired: true));
        var roots = Path.Combine(_folder.Path, "roots.pem");
        await File.WriteAllTextAsync(roots, certificates.Roots.ExportCertificatePems());
        var secret = "whsec_" + Convert.ToBase64String(new byte[32]);

        (await EndAsync(receiver.Url(), network: "10.0.0.0/8")).ShouldContain("where webhooks may not be sent to");
        (await EndAsync("https://nowhere.invalid/")).ShouldContain("does not resolve");
        (await EndAsync("http://127.0.0.1:1/")).ShouldContain("takes no connection");
        (await EndAsync("nonsense")).ShouldContain("An absolute http or https URL is needed");
        (await EndAsync($"{new IdGenerator(TimeProvider.System).Next<Endpoint>()}")).ShouldContain("There is no endpoint");
        (await EndAsync(receiver.Url())).ShouldBe("");
        (await EndAsync(receiver.Url(), secret)).ShouldBe("");
        (await StockLibrary.VerifyAsync((secret, receiver.Arrivals.ShouldHaveSingleItem()))).ShouldBe(["ok"]);
        receiver.Answer = (_, _) => Task.FromResult(401);
        (await EndAsync(receiver.Url(), secret)).ShouldContain("A signed test was answered 401");

        // Which authorities are trusted is a matter of the process.
        (string, string)[] trust = [("SSL_CERT_FILE", roots)];
        Bad(await RunAsync(trust, "--endpoint", expired.Url(), "Network:AllowNet=127.0.0.0/8")).ShouldHaveSingleItem().Text.ShouldContain("The receiver's certificate has expired");
        (await RunAsync(trust, "--endpoint", trusted.Url(), "Network:AllowNet=127.0.0.0/8")).Last().Text.ShouldContain("a certificate for 127.0.0.1");

        async Task<string> EndAsync(string target, string? signWith = null, string network = "127.0.0.0/8") =>
            Bad(await ExamineAsync([], endpoint: target, secret: signWith, arguments: [$"Network:AllowNet={network}"])).LastOrDefault()?.Text ?? "";
    }

    [Fact]
    public async Task An_endpoint_of_the_store_is_known_by_its_id()
    {
        await using var server = await TestServer.StartAsync(folder: Data);
        var endpoint = (await server.Client.PostJsonAsync("/api/v1/app/default/endpoint", """{"url":"http://127.0.0.1:1/"}""")).Id;
        Bad(await ExamineAsync([], endpoint: endpoint, arguments: ["Network:AllowNet=127.0.0.0/8"])).ShouldHaveSingleItem().Text.ShouldContain("127.0.0.1:1 takes no connection");
    }

    [Fact]
    public async Task The_certificates_that_an_endpoint_trusts_are_those_that_count()
    {
        using var certificates = new TestCertificates();
        await using var receiver = await Receiver.StartAsync(certificates.Issue("127.0.0.1"));
        await using var server = await TestServer.StartAsync(folder: Data);
        foreach (var tls in (string[])[$$"""{"authorities":{{JsonSerializer.Serialize(certificates.Roots.ExportCertificatePems())}}}""", """{"insecure":true}"""])
        {
            var endpoint = (await server.Client.PostJsonAsync("/api/v1/app/default/endpoint", $$"""{"url":"{{receiver.Url()}}","tls":{{tls}}}""")).Id;
            var found = await ExamineAsync([], endpoint: endpoint, secret: "whsec_" + Convert.ToBase64String(new byte[32]), arguments: ["Network:AllowNet=127.0.0.0/8"]);
            Bad(found).ShouldBeEmpty();
            found[^1].Text.ShouldStartWith("A signed test was answered 2");
        }
        Bad(await ExamineAsync([], endpoint: receiver.Url(), arguments: ["Network:AllowNet=127.0.0.0/8"])).ShouldHaveSingleItem().Text.ShouldContain("an authority that is not trusted");
    }

    [Fact]
    public async Task Nothing_is_claimed_of_what_a_proxy_does()
    {
        await MakeStoreAsync();
        var proxy = "Network:Proxy=http://me:never-to-be-printed@127.0.0.1:1";

        var behind = await ExamineAsync([], endpoint: "https://nowhere.invalid/", arguments: [proxy]);
        var past = await ExamineAsync([], endpoint: "https://nowhere.invalid/", arguments: [proxy, "Network:NoProxy:0=nowhere.invalid"]);

        Bad(behind).ShouldBeEmpty();
        behind[^1].Text.ShouldContain("through the proxy 127.0.0.1:1");
        Bad(past).ShouldHaveSingleItem().Text.ShouldContain("does not resolve");
    }

    [Fact]
    public async Task People_are_told_in_lines_with_what_to_do_and_wrong_usage_ends_with_2()
    {
        var (exitCode, output, _) = await GrapnelProcess.RunAsync(_folder.Path, "doctor", "--data", Data);
        exitCode.ShouldBe(1);
        output.ShouldContain("FAULT    store     There is no store of Grapnel");
        output.ShouldContain("To do: Name the server's folder with --data");
        output.ShouldContain("1 finding.");
        Directory.Exists(Data).ShouldBeFalse("it changes nothing");
        (await GrapnelProcess.RunAsync(_folder.Path, "doctor", "--test-secret", "whsec_QUJD")).ExitCode.ShouldBe(2);
    }

    private async Task MakeStoreAsync()
    {
        await using var server = await TestServer.StartAsync(folder: Data);
        (await server.Client.PostJsonAsync("/api/v1/app/default/msg", """{"eventType":"order.created","payload":{}}""")).Status.ShouldBe(202);
    }

    private async Task RunSqlAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(Data, "grapnel.db")};Pooling=false");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    private async Task<string> OnlyBadAsync(string area, params (string, string)[] settings)
    {
        var bad = Bad(await ExamineAsync(settings)).ToArray();
        bad.Select(finding => finding.Area).Distinct().ShouldBe([area], string.Join('\n', bad.Select(finding => finding.Text)));
        return string.Join('\n', bad.Select(finding => finding.Text));
    }

    private static IEnumerable<Found> Bad(IEnumerable<Found> found) => found.Where(finding => finding.Severity != "Fine");

    private Task<Found[]> ExamineAsync() => ExamineAsync([]);

    /// <summary>Examines as the command does, without a process for each time.</summary>
    private async Task<Found[]> ExamineAsync(
        (string Name, string Value)[] settings, Uri? url = null, string? endpoint = null, string? secret = null, TimeSpan? stuckAfter = null, params string[] arguments)
    {
        var setup = new HostSetup
        {
            Arguments = arguments, Environment = new Hashtable(settings.ToDictionary(setting => setting.Name, setting => setting.Value)),
            SettingsFile = Path.Combine(_folder.Path, "appsettings.json"), Settings = new Dictionary<string, string?> { ["Store:Data"] = Data },
        };
        var found = await DoctorCommand.ExamineAsync(
            Examined.Read(setup, stuckAfter ?? TimeSpan.FromMinutes(10)), url, endpoint, secret is null ? null : WebhookSecret.Parse(secret), default);
        found.ShouldAllBe(finding => (finding.Remedy == null) == (finding.Severity == Severity.Fine));
        found.ShouldAllBe(finding => !finding.Text.Contains("never-to-be-printed"));
        return [.. found.Select(finding => new Found(finding.Area, $"{finding.Severity}", finding.Text))];
    }

    /// <summary>Runs the command, which answers in JSON.</summary>
    private async Task<Found[]> RunAsync((string, string)[] settings, params string[] arguments)
    {
        await using var process = new GrapnelProcess(_folder.Path, ["doctor", "--data", Data, "--json", .. arguments], settings);
        var exitCode = await process.WaitForExitAsync();
        var report = JsonDocument.Parse(process.Output.Length > 0 ? process.Output : throw new InvalidOperationException(await process.Errors)).RootElement;
        var found = report.GetProperty("findings").EnumerateArray().Select(finding => new Found(
            finding.GetProperty("area").GetString()!, finding.GetProperty("severity").GetString()!, finding.GetProperty("text").GetString()!)).ToArray();
        exitCode.ShouldBe(Bad(found).Any() ? 1 : 0, process.Output);
        report.GetProperty("fine").GetBoolean().ShouldBe(exitCode == 0);
        return found;
    }

    private sealed record Found(string Area, string Severity, string Text);
}
