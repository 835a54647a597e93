using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Faults;

/// <summary>The process dies by SIGKILL in the middle of background tasks.</summary>
[Collection(RealProcesses.Name)]
public sealed class TaskCrashTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Kills_in_the_middle_of_a_replay_neither_lose_nor_repeat_a_message()
    {
        const int count = 3_000, kills = 4;
        var random = new Random();
        await using var receiver = await Receiver.StartAsync();
        await using var rig = await Rig.StartAsync();
        var endpoint = await rig.CreateEndpointAsync(receiver.Url());
        var messages = await rig.PublishManyAsync("order.created", count);
        await receiver.WaitForAsync(count);

        // A bulk replay asks no message what became of it: one that was replayed twice is sent twice.
        var task = await rig.ReplayAsync(endpoint, rate: 5000);
        for (var kill = 1; kill <= kills; kill++)
        {
            await rig.WaitUntilTaskHasDoneAsync(task, kill * count / (kills + 1));
            output.WriteLine($"Killed at {await rig.DoneAsync(task)} of {count}");
            // Anywhere within or between pages.
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(60)), TimeProvider.System);
            await rig.KillAndStartAsync();
        }

        await EveryMessageIsReplayedOnceAsync(rig, task, endpoint, messages);
    }

    [Fact]
    public async Task The_other_node_goes_on_with_a_replay_whose_node_is_killed_and_neither_loses_nor_repeats_a_message()
    {
        const int count = 500;
        await using var receiver = await Receiver.StartAsync();
        await using var cluster = await ClusterRig.StartAsync(2, [.. ClusterRig.Quick, .. OwnQueue.Settings(await RedisServer.Shared)]);
        var (first, other) = (cluster[0], cluster[1]);
        var endpoint = await first.CreateEndpointAsync(receiver.Url());
        var messages = await first.PublishManyAsync("order.created", count);
        await receiver.WaitForAsync(count);

        // It is the node that is asked that begins at once.
        var task = await first.ReplayAsync(endpoint, rate: 250);
        await first.WaitUntilTaskHasDoneAsync(task, count / 5);
        await first.Server.KillAsync();
        output.WriteLine($"Killed at {await other.DoneAsync(task)} of {count}");

        await EveryMessageIsReplayedOnceAsync(other, task, endpoint, messages);
    }

    [Fact]
    public async Task Kills_in_the_middle_of_a_broadcast_leave_every_application_with_one_message()
    {
        const int tenants = 1_500;
        await using var rig = await Rig.StartAsync();
        var applications = new string[tenants];
        await Parallel.ForAsync(0, tenants, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, _) =>
            applications[i] = (await rig.Client.PostJsonAsync("/api/v1/app", """{"name":"A tenant"}""")).Id);

        var begun = await rig.Client.PostJsonAsync("/api/v1/broadcast", """{"eventType":"news","payload":{}}""");
        begun.Status.ShouldBe(202);
        for (var kill = 0; kill < 2; kill++)
            await rig.KillAndStartAsync();
        await rig.WaitUntilTaskEndsAsync(begun.Id);

        (await rig.DoneAsync(begun.Id)).ShouldBe(tenants + 1);
        foreach (var application in applications)
            (await rig.Client.GetJsonAsync($"/api/v1/app/{application}/msg"))["data"].GetArrayLength().ShouldBe(1);
    }

    [Theory]
    [InlineData(BackEnd.Sqlite)]
    [InlineData(BackEnd.PostgresRedis)]
    public async Task Kills_in_the_middle_of_an_erasure_leave_nothing_behind_and_other_applications_untouched(BackEnd backEnd)
    {
        const int count = 2_000, others = 50;
        await using var receiver = await Receiver.StartAsync();
        await using var rig = await Rig.StartOnAsync(backEnd);
        await rig.CreateEndpointAsync(receiver.Url());
        var other = rig.App;
        await rig.UseNewApplicationAsync();
        await rig.CreateEndpointAsync(receiver.Url());
        await rig.PublishManyAsync("order.created", count);
        await receiver.WaitForAsync(count);

        var begun = await rig.Client.DeleteJsonAsync($"{rig.App}?erase=true");
        begun.Status.ShouldBe(202, begun.Text);
        for (var kill = 0; kill < 2; kill++)
        {
            await rig.KillAndStartAsync();
            output.WriteLine($"Killed before {await rig.DoneAsync(begun.Id)} of {count}");
            for (var i = 0; i < others; i++)
                (await rig.Client.PostJsonAsync($"{other}/msg", """{"eventType":"order.created","payload":{}}""")).Status.ShouldBe(202);
        }

        await rig.WaitUntilTaskHasDoneAsync(begun.Id, count);
        (await rig.DoneAsync(begun.Id)).ShouldBe(count);
        (await rig.Client.GetJsonAsync(rig.App)).Status.ShouldBe(404);
        await rig.WaitUntilNothingIsPendingAsync();
        await receiver.WaitForAsync(count + 2 * others);
        (await rig.Client.GetJsonAsync($"{other}/msg?limit=250"))["data"].GetArrayLength().ShouldBe(2 * others);
    }

    private static async Task EveryMessageIsReplayedOnceAsync(Rig rig, string task, string endpoint, IReadOnlyList<string> messages)
    {
        await rig.WaitUntilTaskEndsAsync(task);
        (await rig.DoneAsync(task)).ShouldBe(messages.Count);
        await rig.WaitUntilNothingIsPendingAsync();
        (await rig.SuccessesAsync(endpoint)).Where(success => success.ByHand).Select(success => success.Message).ShouldBe(messages, ignoreOrder: true);
    }
}
