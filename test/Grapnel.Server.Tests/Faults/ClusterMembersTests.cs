using System.Net;
using Grapnel.Server.Tests.Commands;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;
using Grapnel.Storage.Postgres;
using Grapnel.Testing;
using Npgsql;

namespace Grapnel.Server.Tests.Faults;

/// <summary>Who may be a node of a cluster, what each does, and how much.</summary>
[Collection(WaitingProcesses.Name)]
public sealed class ClusterMembersTests(ITestOutputHelper output)
{
    private static readonly (string, string) Dispatch = ("GRAPNEL_NODE__ROLES", "dispatch");

    [Fact]
    public async Task Nodes_that_dispatch_share_the_lanes_fairly_with_one_that_joins_and_a_node_that_does_not_has_none()
    {
        const int endpoints = 12;
        await using var receiver = await Receiver.StartAsync();
        await using var cluster = await ClusterRig.StartAsync(1, [.. ClusterRig.Quick, ("GRAPNEL_NODE__SWEEP", "150ms"), ("GRAPNEL_NODE__EXPEL_AFTER", "1m"), ("GRAPNEL_NODE__ROLES", "api")]);
        var front = cluster[0];
        await cluster.AddAsync(Dispatch);
        await cluster.AddAsync(Dispatch);
        var ids = new List<string>();
        for (var i = 0; i < endpoints; i++)
            ids.Add(await front.CreateEndpointAsync(receiver.Url($"/{i}")));
        using var over = new CancellationTokenSource();
        await front.CreateEventTypeAsync("ledger.tick");
        var ledger = new Ledger(front, "ledger.tick");
        var load = ledger.PublishAsync([front.Client, front.Client], TimeSpan.FromMilliseconds(20), over.Token);

        await AreSharedByAsync(2);
        var joined = TimeProvider.System.GetTimestamp();
        await cluster.AddAsync(Dispatch);
        await AreSharedByAsync(3);
        output.WriteLine($"Shared with the one that joined {TimeProvider.System.GetElapsedTime(joined).TotalMilliseconds:F0} ms after its start");
        await over.CancelAsync();
        await load;

        (await ClusterRig.LanesAsync(front))["node-0"].ShouldBe(0);
        await front.WaitUntilNothingIsPendingAsync();
        ledger.Published.ShouldAllBe(published => published.Outcome == PublishOutcome.Ok);
        receiver.Arrivals.Count.ShouldBe(ledger.Published.Count * endpoints);
        (await front.WhyAsync(ledger.Published.Last().Id!, ids[^1])).ShouldBe("delivered/delivered");

        Task AreSharedByAsync(int nodes) => Eventually.IsTrueAsync($"{nodes} nodes share the lanes", async () =>
        {
            var lanes = await cluster.Database.ReadNumbersAsync("SELECT count(*) FROM lane WHERE node_id IS NOT NULL GROUP BY node_id");
            return lanes.Count == nodes && lanes.Sum() == endpoints && lanes.Max() <= 2 * lanes.Min();
        });
    }

    [Fact]
    public async Task A_node_answers_what_its_roles_are_and_says_so_to_whoever_asks_for_something_else()
    {
        await using var cluster = await ClusterRig.StartAsync(1, [("GRAPNEL_NODE__ROLES", "api")]);
        var dispatch = await cluster.AddAsync(Dispatch);
        var console = await cluster.AddAsync(("GRAPNEL_NODE__ROLES", "console"));

        foreach (var node in (Rig[])[dispatch, console])
        {
            var refused = await node.Client.PostJsonAsync("/trigger/order.created", "{}");
            (refused.Status, refused["detail"].GetString()).ShouldBe(
                (404, $"There is nothing at /trigger/order.created. The roles of this node (Node:Roles) are: {(node == console ? "Console" : "Dispatch")}."));
            (await node.Client.GetAsync("/health/ready")).StatusCode.ShouldBe(HttpStatusCode.OK);
        }
        (await dispatch.Client.GetAsync("/sign-in")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await cluster[0].Client.GetAsync("/sign-in")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await console.Client.GetAsync("/sign-in")).StatusCode.ShouldNotBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Nodes_that_start_while_somebody_makes_the_tables_wait_and_say_so_and_then_one_makes_what_is_missing_and_all_are_ready()
    {
        var postgres = await PostgresServer.Shared;
        var database = await postgres.CreateDatabaseAsync();
        using var folder = new TemporaryFolder();
        var nodes = new List<ServerProcess>();
        try
        {
            await using var migration = new NpgsqlConnection(postgres.ConnectionString(database) + ";Pooling=false");
            await migration.OpenAsync();
            await using (var begin = new NpgsqlCommand($"SELECT pg_advisory_lock({PostgresSchema.MigrationLock})", migration))
                await begin.ExecuteNonQueryAsync();
            for (var i = 0; i < 3; i++)
                nodes.Add(ServerProcess.Launch(Path.Combine(folder.Path, $"{i}"), new Dictionary<string, string>
                {
                    ["GRAPNEL_STORE"] = "postgres", ["GRAPNEL_POSTGRES__CONNECTION_STRING"] = postgres.ConnectionString(database),
                }));

            await Eventually.IsTrueAsync("all say that they wait", () => nodes.TrueForAll(node => node.Output.Contains("Another process is making or changing the tables")));
            foreach (var node in nodes)
                await Should.ThrowAsync<HttpRequestException>(node.Client.GetAsync("/health/ready"));
            (await postgres.ReadNumbersAsync("SELECT count(*) FROM pg_class WHERE relname = 'message'", database)).ShouldBe([0]);
            await migration.CloseAsync();

            foreach (var node in nodes)
                await node.WaitUntilReadyAsync();
            nodes.Count(node => node.Output.Contains("The tables of the database have been brought to this version")).ShouldBe(1);
            (await postgres.ReadNumbersAsync("SELECT count(*) FROM application", database)).ShouldBe([2]);
            (await postgres.ReadNumbersAsync("SELECT count(*) FROM api_key", database)).ShouldBe([1], "all were given the same");
        }
        finally
        {
            foreach (var node in nodes)
                await node.DisposeAsync();
            await postgres.DropDatabaseAsync(database);
        }
    }

    [Fact]
    public async Task A_process_ends_with_a_clear_message_where_the_database_is_of_a_newer_version_and_leaves_the_nodes_that_run_alone()
    {
        // Two nodes start at once on an empty database: one makes the tables, and the other waits for it.
        await using var cluster = await ClusterRig.StartAsync(2, []);
        await cluster.Database.RunSqlAsync("""INSERT INTO "__EFMigrationsHistory" ("MigrationId", "ProductVersion") VALUES ('29990101000000_Future', '99.0.0')""");

        await using var late = ServerProcess.Launch(cluster[0].Folder, cluster.Database.Settings.ToDictionary(setting => setting.Name, setting => setting.Value));

        (await late.WaitForExitAsync()).ShouldNotBe(0);
        late.Errors.ShouldContain("newer version of Grapnel (it has 29990101000000_Future)");
        late.Errors.ShouldNotContain("   at ");
        foreach (var node in cluster.Nodes)
            await node.PublishAsync("order.created");
    }
}
