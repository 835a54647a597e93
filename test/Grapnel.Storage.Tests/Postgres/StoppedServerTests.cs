using System.Diagnostics;
using Grapnel.Storage.Postgres;
using Grapnel.Storage.Tests.Conformance;
using Grapnel.Testing;

namespace Grapnel.Storage.Tests.Postgres;

/// <summary>A server that is gone for a while: the store says so at once, and is there again with the server.</summary>
public sealed class StoppedServerTests
{
    [Theory]
    [InlineData("immediate")]
    [InlineData("fast")]
    public async Task Without_its_server_a_store_is_unavailable_at_once_and_works_again_with_it(string mode)
    {
        await using var server = await PostgresServer.StartAsync();
        var (clock, database) = (new TestClock(StoreConformance.Start), await server.CreateDatabaseAsync());
        await using var store = await PostgresStore.OpenAsync(PostgresUnderTest.Options(server, database), clock);
        var node = await store.Deliveries.JoinAsync("node", NodeRoles.All, default);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => store.Deliveries.HeartbeatAsync(node, default)));

        await server.StopAsync(mode);
        var since = Stopwatch.GetTimestamp();
        for (var i = 0; i < 3; i++)
            await Should.ThrowAsync<StoreUnavailableException>(() => store.Deliveries.HeartbeatAsync(node, default));
        await Should.ThrowAsync<StoreUnavailableException>(() => store.Catalog.ListApplicationsAsync(new PageRequest(), default));
        await Should.ThrowAsync<StoreUnavailableException>(() => store.History.ReadBacklogAsync(default));
        Stopwatch.GetElapsedTime(since).ShouldBeLessThan(TimeSpan.FromSeconds(5));
        await server.StartAgainAsync();

        (await store.Deliveries.HeartbeatAsync(node, default)).ShouldBeTrue();
        (await store.Catalog.ListApplicationsAsync(new PageRequest(), default)).Items.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData("immediate")]
    [InlineData("fast")]
    public async Task Who_only_reads_does_not_notice_that_the_server_was_started_again(string mode)
    {
        await using var server = await PostgresServer.StartAsync();
        var (clock, database) = (new TestClock(StoreConformance.Start), await server.CreateDatabaseAsync());
        await using var store = await PostgresStore.OpenAsync(PostgresUnderTest.Options(server, database), clock);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => store.History.ReadBacklogAsync(default)));

        await server.StopAsync(mode);
        await server.StartAgainAsync();

        await store.History.ReadBacklogAsync(default);
        (await store.Catalog.ListApplicationsAsync(new PageRequest(), default)).Items.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Whoever_finds_a_connection_dead_tells_those_on_the_hot_path()
    {
        await using var server = await PostgresServer.StartAsync();
        var (clock, database) = (new TestClock(StoreConformance.Start), await server.CreateDatabaseAsync());
        await using var store = await PostgresStore.OpenAsync(PostgresUnderTest.Options(server, database), clock);
        var node = await store.Deliveries.JoinAsync("node", NodeRoles.All, default);
        await store.Deliveries.SettleAsync(new SettleBatch(node, [], [], []), default);

        await server.StopAsync("fast");
        await server.StartAgainAsync();
        await store.History.ReadBacklogAsync(default);

        (await store.Deliveries.SettleAsync(new SettleBatch(node, [], [], []), default)).ShouldBeTrue();
    }
}
