using System.Text.Json.Nodes;
using Grapnel.Server.Commands.Client;

namespace Grapnel.Server.Commands.Configurations;

/// <summary>
/// Makes a server say what a document says. Only what differs is written, so that the same document twice changes nothing; what the document does not name stays,
/// unless that is to be pruned.
/// </summary>
internal sealed class ConfigurationImport(ApiClient client, bool dryRun, bool prune, CancellationToken cancel)
{
    private readonly ConfigurationReader _reader = new(client, cancel);
    private readonly List<Change> _changes = [];

    /// <summary>What was changed, or would be.</summary>
    public IReadOnlyList<Change> Changes => _changes;

    /// <summary>What was as it should be already.</summary>
    public int Unchanged { get; private set; }

    public async Task RunAsync(JsonObject document)
    {
        if (document["eventTypes"] is JsonObject types)
            await ImportEventTypesAsync(types);
        if (document["operationalWebhooks"] is JsonObject operational)
            await ImportEndpointsAsync(Paths.OperationalEndpoints, "operational webhook", operational);
        foreach (var (key, application) in document["applications"] as JsonObject ?? [])
            await ImportApplicationAsync(key, (JsonObject)application!);
    }

    private async Task ImportEventTypesAsync(JsonObject wanted)
    {
        var there = await _reader.ReadEventTypesAsync();
        foreach (var (name, type) in wanted)
            await PutAsync("event type", name, $"{Paths.EventTypes}/{Uri.EscapeDataString(name)}", Shape.EventType, (JsonObject?)there[name], (JsonObject)type!);
        foreach (var name in Surplus(there.Select(pair => pair.Key), wanted.ContainsKey))
            await DeleteAsync("event type", name, $"{Paths.EventTypes}/{Uri.EscapeDataString(name)}?expunge=true");
    }

    private async Task ImportApplicationAsync(string name, JsonObject wanted)
    {
        var (key, there) = (name, await FindApplicationAsync(name));
        if (there is null && KeyOf<Application>(name) is var other && other != name)
            (key, there) = (other, await FindApplicationAsync(other));
        var body = Shape.Application.Of(wanted);
        body["name"] ??= name;
        await PutAsync("application", key, $"{Paths.Applications}/{Uri.EscapeDataString(key)}", Shape.Application, there is null ? null : Shape.Application.Of(there), body);
        var isMissing = there is null && dryRun;
        if (wanted["endpoints"] is JsonObject endpoints)
            await ImportEndpointsAsync(Paths.EndpointsOf(key), $"endpoint of {key}", endpoints, isMissing);
        if (wanted["schedules"] is JsonArray schedules)
            await ImportSchedulesAsync(key, schedules, isMissing);
    }

    private async Task<JsonObject?> FindApplicationAsync(string key)
    {
        var found = await client.GetAsync($"{Paths.Applications}/{Uri.EscapeDataString(key)}", cancel);
        return found.Status == System.Net.HttpStatusCode.NotFound ? null : found.Read<JsonObject>();
    }

    private async Task ImportEndpointsAsync(string path, string what, JsonObject wanted, bool isMissing = false)
    {
        var there = isMissing ? [] : (await _reader.ReadEndpointsAsync(path)).ToDictionary(endpoint => endpoint.Key);
        var named = wanted.ToDictionary(pair => there.ContainsKey(pair.Key) ? pair.Key : KeyOf<Endpoint>(pair.Key), pair => (JsonObject)pair.Value!);
        foreach (var (key, endpoint) in named)
        {
            var known = there.GetValueOrDefault(key);
            await PutAsync(what, key, $"{path}/{Uri.EscapeDataString(key)}", Shape.Endpoint, known?.Shape, endpoint, known?.Hidden);
        }
        foreach (var key in Surplus(there.Keys, named.ContainsKey))
            await DeleteAsync(what, key, $"{path}/{Uri.EscapeDataString(key)}");
    }

    // Schedules have no names. One that is changed is another one, and the old one goes with those that are pruned.
    private async Task ImportSchedulesAsync(string application, JsonArray wanted, bool isMissing)
    {
        var there = isMissing ? [] : (await _reader.ReadSchedulesAsync(application)).ToList();
        foreach (var schedule in wanted)
        {
            var shape = Shape.Schedule.Of((JsonObject)schedule!);
            var what = $"{shape["eventType"]} {shape["cron"] ?? "at random"}";
            if (there.FindIndex(known => JsonNode.DeepEquals(known.Shape, shape)) is var index and >= 0)
            {
                there.RemoveAt(index);
                Unchanged++;
                continue;
            }
            _changes.Add(new Change(ChangeKind.Made, $"schedule of {application}", what, []));
            if (!dryRun)
                (await client.PostAsync(Paths.SchedulesOf(application), Bytes(shape), cancel)).ThrowIfFailed();
        }
        foreach (var (id, shape) in prune ? there : [])
            await DeleteAsync($"schedule of {application}", $"{shape["eventType"]} {shape["cron"] ?? "at random"}", $"{Paths.SchedulesOf(application)}/{id}");
    }

    private async Task PutAsync(string what, string key, string path, Shape shape, JsonObject? there, JsonObject wanted, IReadOnlyCollection<string>? hidden = null)
    {
        var shaped = shape.Of(WithoutHidden(wanted, hidden));
        if (there is not null && JsonNode.DeepEquals(there, shaped))
        {
            Unchanged++;
            return;
        }
        _changes.Add(new Change(there is null ? ChangeKind.Made : ChangeKind.Changed, what, key, there is null ? [] : [.. Differing(there, shaped)]));
        if (dryRun)
            return;
        var body = WithoutParts(wanted, withHeaders: there is null);
        if (shape != Shape.EventType && !Id<Endpoint>.TryParse(key, out _) && !Id<Application>.TryParse(key, out _))
            body["uid"] = key;
        (await client.PutAsync(path, Bytes(body), cancel)).ThrowIfFailed();
        if (shape == Shape.Endpoint && there is not null)
            (await client.PatchAsync(path + "/headers", Bytes(new JsonObject { ["headers"] = HeaderChanges(there, wanted) }), cancel)).ThrowIfFailed();
    }

    // Headers that are there are changed one by one: replacing all would lose those whose values nobody is told.
    private static JsonObject WithoutParts(JsonObject wanted, bool withHeaders)
    {
        var body = (JsonObject)wanted.DeepClone();
        body.Remove("endpoints");
        body.Remove("schedules");
        if (!withHeaders)
            body.Remove("headers");
        return body;
    }

    // What had no uid where the document came from is known by its id there, and gets a uid here, by which it is found the next time.
    private static string KeyOf<T>(string key) where T : IIdentified => Id<T>.TryParse(key, out _) ? "from-" + key : key;

    private static JsonObject HeaderChanges(JsonObject there, JsonObject wanted)
    {
        var changes = new JsonObject((wanted["headers"] as JsonObject ?? []).Select(header => KeyValuePair.Create(header.Key, header.Value?.DeepClone())));
        foreach (var (name, _) in there["headers"] as JsonObject ?? [])
            if (!changes.ContainsKey(name))
                changes[name] = null;
        return changes;
    }

    // Of a header that carries credentials it is known that it is there, not what it says.
    private static JsonObject WithoutHidden(JsonObject wanted, IReadOnlyCollection<string>? hidden)
    {
        var seen = (JsonObject)wanted.DeepClone();
        if (seen["headers"] is JsonObject headers)
            foreach (var name in headers.Select(header => header.Key).Where(name => hidden?.Contains(name, StringComparer.OrdinalIgnoreCase) == true).ToArray())
                headers.Remove(name);
        return seen;
    }

    private async Task DeleteAsync(string what, string key, string path)
    {
        _changes.Add(new Change(ChangeKind.Deleted, what, key, []));
        if (!dryRun)
            (await client.DeleteAsync(path, cancel)).ThrowIfFailed();
    }

    private IEnumerable<string> Surplus(IEnumerable<string> there, Func<string, bool> isWanted) => prune ? there.Where(key => !isWanted(key)) : [];

    private static IEnumerable<string> Differing(JsonObject there, JsonObject wanted) => there.Select(member => member.Key)
        .Union(wanted.Select(member => member.Key)).Where(name => !JsonNode.DeepEquals(there[name], wanted[name]));

    private static byte[] Bytes(JsonNode node) => System.Text.Encoding.UTF8.GetBytes(node.ToJsonString());
}

/// <summary>What happens to a resource.</summary>
internal enum ChangeKind
{
    /// <summary>It was not there.</summary>
    Made,

    /// <summary>It said something else.</summary>
    Changed,

    /// <summary>The document does not name it.</summary>
    Deleted,
}

/// <summary>A change of configuration.</summary>
/// <param name="Kind">What happens.</param>
/// <param name="What">To what.</param>
/// <param name="Key">To which.</param>
/// <param name="Members">What of it changes.</param>
internal sealed record Change(ChangeKind Kind, string What, string Key, IReadOnlyList<string> Members);
