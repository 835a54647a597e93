using System.Formats.Tar;
using System.IO.Compression;
using Grapnel.Sending;
using Grapnel.Server.Tests.Commands;
using Grapnel.Server.Tests.Support;
using Grapnel.Storage;
using Grapnel.Storage.Sqlite;
using Grapnel.Testing;
using Microsoft.Data.Sqlite;

namespace Grapnel.Server.Tests.Upgrades;

/// <summary>
/// What earlier versions left behind, in the files beside this one: a store with an application of three endpoints (one delivered to, one ordered and dead, one
/// with a key pair), four messages, one of them for later, a schedule and a user. This version must go on with it.
/// </summary>
public sealed class UpgradeTests : IDisposable
{
    private const string Old = "0.1.0";
    private const string Application = "/api/v1/app/shop";
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task An_embedded_store_of_an_earlier_version_is_gone_on_with()
    {
        await ExtractAsync();
        await GoesOnAsync(new Dictionary<string, string?> { ["Store"] = "Sqlite" });

        await using var tool = await SqliteStore.OpenAsync(new SqliteStoreOptions { Data = Data }, TimeProvider.System);
        await Should.ThrowAsync<SecretBoxException>(() => tool.Catalog.ReadRouteTableAsync("shop", default), "its secrets are sealed now");
    }

    [Fact]
    public async Task A_database_of_an_earlier_version_is_gone_on_with()
    {
        var server = await PostgresServer.Shared;
        await using var dump = new GZipStream(File.OpenRead(Fixture("postgres.sql.gz")), CompressionMode.Decompress);
        var database = await server.RestoreAsync(dump);
        await GoesOnAsync(new Dictionary<string, string?>
        {
            ["Store"] = "Postgres", ["Postgres:ConnectionString"] = server.ConnectionString(database), ["Postgres:MaxConnections"] = "5",
        });
    }

    [Fact]
    public async Task An_upgraded_store_has_the_tables_of_a_new_one()
    {
        using var fresh = new TemporaryFolder();
        await ExtractAsync();
        foreach (var folder in new[] { Data, fresh.Path })
            await (await SqliteStore.OpenAsync(new SqliteStoreOptions { Data = folder }, TimeProvider.System)).DisposeAsync();

        (await SchemaAsync(Data)).ShouldBe(await SchemaAsync(fresh.Path));
    }

    public void Dispose() => _folder.Dispose();

    private string Data => Path.Combine(_folder.Path, "data");

    private async Task GoesOnAsync(Dictionary<string, string?> settings)
    {
        settings["Retention:Messages"] = "3650d";
        settings["Console:Enabled"] = "true";
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        await using var server = await TestServer.StartAsync(settings, folder: Data);

        (await server.Client.GetJsonAsync($"{Application}/endpoint"))["data"].GetArrayLength().ShouldBe(3);
        (await server.Client.GetJsonAsync($"{Application}/endpoint/alive/secret"))["key"].GetString().ShouldBe("whsec_OTg3NjU0MzIxMDk4NzY1NDMyMTA5ODc2NTQzMjEwOTg=");
        (await server.Client.GetJsonAsync($"{Application}/endpoint/pair/secret"))["key"].GetString().ShouldStartWith("whpk_");
        (await server.Client.GetJsonAsync($"{Application}/msg"))["data"].GetArrayLength().ShouldBe(4);
        (await server.Client.GetJsonAsync($"{Application}/attempt/endpoint/alive"))["data"].EnumerateArray()
            .ShouldAllBe(attempt => attempt.GetProperty("outcome").GetString() == nameof(SendOutcome.Success).ToLowerInvariant());
        (await server.Client.GetJsonAsync($"{Application}/schedule"))["data"].GetArrayLength().ShouldBe(1);
        (await server.Get<IConsoleStore>().FindUserByNameAsync("ADA", default)).ShouldNotBeNull();

        // What is pending waits for its next attempt, or arrives when that is asked for.
        (await server.Client.GetJsonAsync($"{Application}/endpoint/dead/lane"))["pending"].GetInt32().ShouldBe(3);
        (await server.Client.PatchJsonAsync($"{Application}/endpoint/pair", $$"""{"url":"{{receiver.Url}}"}""")).Status.ShouldBe(200);
        (await server.Client.PostJsonAsync($"{Application}/msg/order-2/endpoint/pair/resend")).Status.ShouldBeInRange(200, 202);
        var request = await receiver.NextRequestAsync();
        request.Body.ShouldBe("""{"n":2}"""u8.ToArray());
        request.Header("webhook-signature").ShouldNotBeNull().ShouldStartWith("v1a,");
    }

    private async Task ExtractAsync()
    {
        await using var archive = new GZipStream(File.OpenRead(Fixture("sqlite.tgz")), CompressionMode.Decompress);
        await TarFile.ExtractToDirectoryAsync(archive, _folder.Path, overwriteFiles: false);
    }

    private static async Task<IReadOnlyList<string>> SchemaAsync(string folder)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "grapnel.db")};Pooling=false");
        await connection.OpenAsync();
        await using var select = connection.CreateCommand();
        select.CommandText = "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master ORDER BY 1";
        await using var rows = await select.ExecuteReaderAsync();
        var schema = new List<string>();
        while (await rows.ReadAsync())
            schema.Add(rows.GetString(0));
        return schema;
    }

    private static string Fixture(string name) => Path.Combine(Repository.Root, "test", "Grapnel.Server.Tests", "Upgrades", $"{Old}-{name}");
}
