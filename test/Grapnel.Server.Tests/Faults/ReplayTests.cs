using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Faults;

/// <summary>A replay is there beside what is published, and not instead of it.</summary>
[Collection(RealProcesses.Name)]
public sealed class ReplayTests(SharedRig shared)
{
    [Theory]
    [InlineData(BackEnd.Sqlite)]
    [InlineData(BackEnd.Postgres)]
    [InlineData(BackEnd.SqliteRedis)]
    [InlineData(BackEnd.PostgresRedis)]
    public async Task What_is_published_during_a_replay_arrives_and_a_replay_that_is_cancelled_sends_what_it_counts_and_nothing_more(BackEnd backEnd)
    {
        const int old = 1_000, live = 50;
        var rig = await shared.NewApplicationAsync(backEnd);
        await using var receiver = await Receiver.StartAsync();
        var endpoint = await rig.CreateEndpointAsync(receiver.Url("/replayed"));
        var messages = await rig.PublishManyAsync("order.created", old);
        await receiver.WaitForAsync(old);
        await rig.CreateEndpointAsync(receiver.Url("/other"));

        var task = await rig.ReplayAsync(endpoint, rate: 150);
        await rig.WaitUntilTaskHasDoneAsync(task, 1);
        var fresh = (await rig.PublishManyAsync("order.created", live)).ToHashSet();
        await Eventually.IsTrueAsync("what is live arrives", () => receiver.Arrivals.Count(arrival => fresh.Contains(arrival.Id)) == 2 * live);
        var cancelled = await rig.Client.PostJsonAsync($"/api/v1/background-task/{task}/cancel");
        cancelled.Status.ShouldBe(200, "the replay still runs");
        await Eventually.IsTrueAsync("nothing of the endpoint is pending",
            async () => (await rig.Client.GetJsonAsync($"{rig.App}/endpoint/{endpoint}/lane"))["pending"].GetInt32() == 0);

        var done = await rig.DoneAsync(task);
        done.ShouldBe(cancelled["data"].GetProperty("done").GetInt32());
        done.ShouldBeInRange(1, old - 1);
        var again = receiver.At("/replayed").Skip(old).Select(arrival => arrival.Id).Where(id => !fresh.Contains(id)).ToList();
        again.ShouldBeUnique();
        again.ShouldBeSubsetOf(messages);
        again.Count.ShouldBe(done);
        receiver.At("/other").Select(arrival => arrival.Id).ShouldBe(fresh, ignoreOrder: true);
        (await rig.SuccessesAsync(endpoint)).Where(success => success.ByHand).Select(success => success.Message).ShouldBe(again, ignoreOrder: true);
    }

    [Theory]
    [InlineData(BackEnd.Sqlite)]
    [InlineData(BackEnd.PostgresRedis)]
    public async Task New_events_take_turns_with_a_replay_to_the_same_endpoint(BackEnd backEnd)
    {
        const int old = 300, live = 30;
        await using var receiver = await Receiver.StartAsync();
        await using var rig = await Rig.StartOnAsync(backEnd, ("GRAPNEL_DELIVERY__LANE_WINDOW", "50"));
        var endpoint = await rig.CreateEndpointAsync(receiver.Url(), "\"maxConcurrency\":4");
        await rig.PublishManyAsync("order.created", old);
        await receiver.WaitForAsync(old);
        receiver.Answer = async (_, gone) =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, gone);
            return 200;
        };

        await rig.WaitUntilTaskEndsAsync(await rig.ReplayAsync(endpoint));
        var fresh = (await rig.PublishManyAsync("order.created", live)).ToHashSet();

        await receiver.WaitForAsync(old + old + live);
        var order = receiver.Arrivals.Skip(old).Select(arrival => fresh.Contains(arrival.Id)).ToList();
        order.LastIndexOf(true).ShouldBeLessThan(order.LastIndexOf(false), "the last new one comes before the last old one");
    }
}
