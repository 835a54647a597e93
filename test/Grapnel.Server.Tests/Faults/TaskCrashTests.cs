using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Faults;

/// <summary>The process dies by SIGKILL in the middle of background tasks.</summary>
[Collection(RealProcesses.Name)]
public sealed class TaskCrashTests(ITestOutputHelper output)
{
    private const int Messages = 3_000;
    private const int Kills = 4;

    [Fact]
    public async Task Kills_in_the_middle_of_a_replay_neither_lose_nor_repeat_a_message()
    {
        var random = new Random();
        await using var receiver = await Receiver.StartAsync();
        await using var rig = await Rig.StartAsync();
        var endpoint = await rig.CreateEndpointAsync(receiver.Url());
        var messages = await rig.PublishManyAsync("order.created", Messages);
        await receiver.WaitForAsync(Messages);

        // A bulk replay asks no message what became of it: one that was replayed twice is sent twice.
        var begun = await rig.Client.PostJsonAsync(
            $"{rig.App}/endpoint/{endpoint}/bulk-replay", $$"""{"since":"{{TimeProvider.System.GetUtcNow().AddHours(-1):O}}","rate":5000}""");
        begun.Status.ShouldBe(202);
        for (var kill = 1; kill <= Kills; kill++)
        {
            var done = 0;
            await Eventually.IsTrueAsync("the task moves on", async () => (done = await DoneAsync(rig, begun.Id)) >= kill * Messages / (Kills + 1));
            output.WriteLine($"Killed at {done} of {Messages}");
            // Anywhere within or between pages.
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(60)), TimeProvider.System);
            await rig.KillAndStartAsync();
        }
        await Eventually.IsTrueAsync("the task ends", async () => (await TaskAsync(rig, begun.Id))["status"].GetString() == "finished");

        (await DoneAsync(rig, begun.Id)).ShouldBe(Messages);
        foreach (var message in messages)
            await Eventually.IsTrueAsync($"{message} is tried once more", async () => await ManualAttemptsAsync(rig, message) == 1);
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
        await Eventually.IsTrueAsync("the task ends", async () => (await TaskAsync(rig, begun.Id))["status"].GetString() == "finished");

        (await DoneAsync(rig, begun.Id)).ShouldBe(tenants + 1);
        foreach (var application in applications)
            (await rig.Client.GetJsonAsync($"/api/v1/app/{application}/msg"))["data"].GetArrayLength().ShouldBe(1);
    }

    private static Task<Reply> TaskAsync(Rig rig, string id) => rig.Client.GetJsonAsync($"/api/v1/background-task/{id}");

    private static async Task<int> DoneAsync(Rig rig, string id) => (await TaskAsync(rig, id))["data"].GetProperty("done").GetInt32();

    private static async Task<int> ManualAttemptsAsync(Rig rig, string message) =>
        (await rig.Client.GetJsonAsync($"{rig.App}/attempt/msg/{message}"))["data"].EnumerateArray().Count(a => a.GetProperty("triggerType").GetInt32() == 1);
}
