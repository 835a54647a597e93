using System.Text;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Faults.Harness;

/// <summary>
/// A data folder and the server that runs on it, which may come and go and delivers to loopback; and the few calls of the API that
/// these tests make, in one application.
/// </summary>
internal sealed class Rig : IAsyncDisposable
{
    private readonly Dictionary<string, string> _settings;
    private readonly bool _ownsFolder;
    private OwnDatabase? _database;

    private Rig(string folder, bool ownsFolder, Dictionary<string, string> settings) =>
        (Folder, _ownsFolder, _settings) = (folder, ownsFolder, settings);

    public string Folder { get; }

    /// <summary>The path of the application that the calls are about: <c>default</c>, until a test takes a new one.</summary>
    public string App { get; private set; } = "/api/v1/app/default";

    /// <summary>The server of now.</summary>
    public ServerProcess Server { get; private set; } = null!;

    public HttpClient Client => Server.Client;

    /// <summary>Starts a server.</summary>
    /// <param name="folder">Where its store goes; by default a new folder, which goes away with the rig.</param>
    /// <param name="settings">Environment variables; of several with the same name the last one counts.</param>
    public static async Task<Rig> StartAsync(string? folder = null, params (string Name, string Value)[] settings)
    {
        var all = settings.GroupBy(setting => setting.Name).ToDictionary(setting => setting.Key, setting => setting.Last().Value);
        var rig = new Rig(folder ?? Directory.CreateTempSubdirectory("grapnel-fault-").FullName, folder is null, all);
        try
        {
            await rig.StartAsync();
            return rig;
        }
        catch
        {
            await rig.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a server on a store of its own: a new folder, or a new database; with a new queue, if Redis is part of it.</summary>
    /// <param name="backEnd">Where it keeps everything.</param>
    /// <param name="settings">Environment variables.</param>
    public static Task<Rig> StartOnAsync(BackEnd backEnd, params (string Name, string Value)[] settings) => StartOnAsync(backEnd, null, settings);

    /// <summary>The same with a Redis of the test's own, if Redis is part of it; by default it is the one that tests share.</summary>
    public static async Task<Rig> StartOnAsync(BackEnd backEnd, RedisServer? redis, params (string Name, string Value)[] settings)
    {
        if (backEnd is BackEnd.SqliteRedis or BackEnd.PostgresRedis)
            settings = [.. settings, .. OwnQueue.Settings(redis ?? await RedisServer.Shared)];
        if (backEnd is BackEnd.Sqlite or BackEnd.SqliteRedis)
            return await StartAsync(settings: settings);
        var database = await OwnDatabase.CreateAsync(await PostgresServer.Shared);
        var rig = await StartAsync(settings: [.. settings, .. database.Settings]);
        rig._database = database;
        return rig;
    }

    /// <summary>Starts the server (again).</summary>
    public async Task StartAsync()
    {
        if (Server is not null)
            await Server.DisposeAsync();
        Server = ServerProcess.Launch(Folder, _settings, "--allow-net", "127.0.0.0/8");
        await Server.WaitUntilReadyAsync();
    }

    /// <summary>Kills the server (SIGKILL) and starts it again.</summary>
    public async Task KillAndStartAsync()
    {
        await Server.KillAsync();
        await StartAsync();
    }

    /// <summary>Asks the server to stop (SIGTERM) and returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        await Server.TerminateAsync();
        return await Server.WaitForExitAsync();
    }

    /// <summary>Goes on in an application of its own, where nobody else's endpoints are.</summary>
    /// <param name="fields">More fields, as the inside of a JSON object.</param>
    public async Task UseNewApplicationAsync(string fields = "") =>
        App = $"/api/v1/app/{(await Client.PostJsonAsync("/api/v1/app", $$"""{"name":"A test"{{(fields.Length > 0 ? "," : "")}}{{fields}}}""")).Id}";

    public async Task CreateEventTypeAsync(string name) =>
        (await Client.PostJsonAsync("/api/v1/event-type", $$"""{"name":"{{name}}","description":"A test"}""")).Status.ShouldBe(201);

    /// <summary>Registers an endpoint and returns its id.</summary>
    /// <param name="url">Where it is.</param>
    /// <param name="fields">More fields, as the inside of a JSON object.</param>
    public async Task<string> CreateEndpointAsync(string url, string fields = "")
    {
        var reply = await Client.PostJsonAsync($"{App}/endpoint", $$"""{"url":"{{url}}"{{(fields.Length > 0 ? "," : "")}}{{fields}}}""");
        reply.Status.ShouldBe(201, reply.Text);
        return reply.Id;
    }

    public async Task<string> SecretAsync(string endpoint) =>
        (await Client.GetJsonAsync($"{App}/endpoint/{endpoint}/secret"))["key"].GetString()!;

    public async Task EditEndpointAsync(string endpoint, string fields) =>
        (await Client.PatchJsonAsync($"{App}/endpoint/{endpoint}", $$"""{{{fields}}}""")).Status.ShouldBe(200);

    public async Task DeleteEndpointAsync(string endpoint) =>
        (await Client.DeleteJsonAsync($"{App}/endpoint/{endpoint}")).Status.ShouldBe(204);

    /// <summary>Publishes a message, whatever comes of it.</summary>
    public Task<Reply> TryPublishAsync(string eventType, string payload = "{}", string? key = null) => Client.SendAsync(
        HttpMethod.Post, $"{App}/msg", Encoding.UTF8.GetBytes($$"""{"eventType":"{{eventType}}","payload":{{payload}}}"""),
        headers: key is null ? [] : [("Idempotency-Key", key)]);

    /// <summary>Publishes a message and returns its id.</summary>
    public async Task<string> PublishAsync(string eventType, string payload = "{}", string? key = null)
    {
        var reply = await TryPublishAsync(eventType, payload, key);
        reply.Status.ShouldBe(202, reply.Text);
        return reply.Id;
    }

    /// <summary>Publishes many messages, some at a time, and returns their ids.</summary>
    public async Task<IReadOnlyList<string>> PublishManyAsync(string eventType, int count, string payload = "{}")
    {
        var ids = new string[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 64 },
            async (i, _) => ids[i] = await PublishAsync(eventType, payload));
        return ids;
    }

    /// <summary>Where a delivery stands, as <c>state/reason</c>.</summary>
    public async Task<string> WhyAsync(string message, string endpoint)
    {
        var reply = await Client.GetJsonAsync($"{App}/msg/{message}/endpoint/{endpoint}/why");
        return reply.Status == 200 ? $"{reply["state"].GetString()}/{reply["reason"].GetString()}" : $"{reply.Status}";
    }

    public Task WaitForAsync(string message, string endpoint, string why) =>
        Eventually.IsTrueAsync($"{message} is {why}", async () => await WhyAsync(message, endpoint) == why);

    /// <summary>Begins to send everything that an endpoint ever got once more, and returns the task.</summary>
    /// <param name="endpoint">Its id.</param>
    /// <param name="rate">Messages per second; null for the default.</param>
    public async Task<string> ReplayAsync(string endpoint, int? rate = null)
    {
        var since = TimeProvider.System.GetUtcNow().AddHours(-1);
        var begun = await Client.PostJsonAsync($"{App}/endpoint/{endpoint}/bulk-replay", $$"""{"since":"{{since:O}}","rate":{{rate?.ToString() ?? "null"}}}""");
        begun.Status.ShouldBe(202, begun.Text);
        return begun.Id;
    }

    public Task<Reply> TaskAsync(string task) => Client.GetJsonAsync($"/api/v1/background-task/{task}");

    /// <summary>How many messages, or applications, a task is done with.</summary>
    public async Task<int> DoneAsync(string task) => (await TaskAsync(task))["data"].GetProperty("done").GetInt32();

    public Task WaitUntilTaskHasDoneAsync(string task, int count) =>
        Eventually.IsTrueAsync($"the task has done {count}", async () => await DoneAsync(task) >= count);

    public Task WaitUntilTaskEndsAsync(string task) =>
        Eventually.IsTrueAsync("the task ends", async () => (await TaskAsync(task))["status"].GetString() == "finished");

    /// <summary>How many deliveries of all endpoints are pending.</summary>
    public async Task<long> PendingAsync() => (await Client.GetJsonAsync("/api/v1/backlog"))["pending"].GetInt64();

    public Task WaitUntilNothingIsPendingAsync(TimeSpan? limit = null) =>
        Eventually.IsTrueAsync("nothing is pending", async () => await PendingAsync() == 0, limit);

    /// <summary>The attempts of an endpoint on record that succeeded: message, when it began, and whether it was asked for by hand, as in a replay.</summary>
    public async Task<IReadOnlyList<(string Message, DateTime StartedAt, bool ByHand)>> SuccessesAsync(string endpoint)
    {
        var found = new List<(string, DateTime, bool)>();
        for (var after = ""; ;)
        {
            var page = (await Client.GetJsonAsync($"{App}/attempt/endpoint/{endpoint}?status=0&limit=250&with_content=false{after}")).Json;
            found.AddRange(page.GetProperty("data").EnumerateArray().Select(attempt => (
                attempt.GetProperty("msgId").GetString()!, attempt.GetProperty("timestamp").GetDateTime(), attempt.GetProperty("triggerType").GetInt32() == 1)));
            if (page.GetProperty("done").GetBoolean())
                return found;
            after = $"&iterator={page.GetProperty("iterator").GetString()}";
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
            await Server.DisposeAsync();
        if (_ownsFolder)
            Directory.Delete(Folder, recursive: true);
        if (_database is not null)
            await _database.DisposeAsync();
    }
}
