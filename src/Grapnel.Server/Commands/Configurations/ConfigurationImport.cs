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
    private readonly List<Func<Task>> _last = [];

    /// <summary>What was changed, or would be. What the server refused is not in it.</summary>
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
        foreach (var archive in _last)
            await archive();
    }

    private async Task ImportEventTypesAsync(JsonObject wanted)
    {
        var there = await _reader.ReadEventTypesAsync();
        foreach (var (name, type) in wanted)
        {
            var (known, shaped) = ((JsonObject?)there[name], Shape.EventType.Of((JsonObject)type!));
            // What subscribes to it, or publishes it on a schedule, can only be made as long as it is not archived.
            if (shaped.ContainsKey("archived") && known?.ContainsKey("archived") != true)
            {
                var open = (JsonObject)shaped.DeepClone();
                open.Remove("archived");
                if (known is null)
                    await PutEventTypeAsync(name, null, open);
                _last.Add(() => PutEventTypeAsync(name, known ?? open, shaped));
            }
            else
                await PutEventTypeAsync(name, known, shaped);
        }
        foreach (var name in Surplus(there.Select(pair => pair.Key), wanted.ContainsKey))
            await DeleteAsync("event type", name, $"{Paths.EventTypes}/{Uri.EscapeDataString(name)}?expunge=true");
    }

    private Task PutEventTypeAsync(string name, JsonObject? there, JsonObject shaped) => PutAsync("event type", name, there, shaped, () =>
    {
        var body = (JsonObject)shaped.DeepClone();
        // The one member without which there is no event type; a shape leaves it out when it is empty.
        body["description"] ??= "";
        return SendAsync(client.PutAsync($"{Paths.EventTypes}/{Uri.EscapeDataString(name)}", Bytes(body), cancel));
    });

    private async Task ImportApplicationAsync(string name, JsonObject wanted)
    {
        var (key, there) = (name, await FindApplicationAsync(name));
        if (there is null && KeyOf<Application>(name) is var other && other != name)
            (key, there) = (other, await FindApplicationAsync(other));
        var body = Shape.Application.Of(wanted);
        body["name"] ??= name;
        await PutAsync("application", key, there is null ? null : Shape.Application.Of(there), body, () =>
            SendAsync(client.PutAsync($"{Paths.Applications}/{Uri.EscapeDataString(key)}", Bytes(WithUid<Application>(body, key)), cancel)));
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
            await ImportEndpointAsync(what, key, $"{path}/{Uri.EscapeDataString(key)}", there.GetValueOrDefault(key), endpoint);
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
            await ChangeAsync(new Change(ChangeKind.Made, $"schedule of {application}", what, []), () =>
                SendAsync(client.PostAsync(Paths.SchedulesOf(application), Bytes(shape), cancel)));
        }
        foreach (var (id, shape) in prune ? there : [])
            await DeleteAsync($"schedule of {application}", $"{shape["eventType"]} {shape["cron"] ?? "at random"}", $"{Paths.SchedulesOf(application)}/{id}");
    }

    private Task ImportEndpointAsync(string what, string key, string path, ReadEndpoint? there, JsonObject wanted)
    {
        var headers = wanted["headers"] as JsonObject ?? [];
        var (hidden, open) = (there?.Hidden ?? [], there?.Shape["headers"] as JsonObject ?? []);
        // A document never has headers with credentials in it unless somebody wrote them there, so that it names none does not mean that none is to be there.
        var gone = hidden.Where(name => ValueOf(headers, name) is null && (Names(headers, name) || IsReplaced(name, wanted))).ToList();
        var given = headers.Where(header => header.Value is not null).ToList();
        var known = there is null ? null : Shape.Endpoint.Of(WithHeaders(there.Shape, open.Concat(Nothing(gone))));
        var shaped = Shape.Endpoint.Of(WithHeaders(wanted, given.Where(header => !hidden.Contains(header.Key, StringComparer.OrdinalIgnoreCase))));
        return PutAsync(what, key, known, shaped, async () =>
        {
            var body = WithUid<Endpoint>(wanted, key);
            // All at once, where that loses none whose value nobody is told.
            if (hidden.All(name => Names(headers, name) || gone.Contains(name)))
            {
                await SendAsync(client.PutAsync(path, Bytes(WithHeaders(body, given)), cancel));
                return;
            }
            body.Remove("headers");
            // A grant and the header that it replaces exclude each other, and what the header says cannot be had again: it goes only when all else has been taken.
            var grant = gone.Exists(name => IsReplaced(name, wanted)) ? (JsonObject)body["oauth"]! : null;
            if (grant is not null && grant["clientSecret"] is null)
                throw new CommandException("oauth.clientSecret is needed: there was no oauth so far.");
            if (grant is not null)
                body.Remove("oauth");
            await SendAsync(client.PutAsync(path, Bytes(body), cancel));
            await ChangeTheRestAsync(path, [.. Nothing(open.Select(header => header.Key).Where(name => !Names(headers, name)).Concat(gone)), .. given], grant);
        });
    }

    private async Task ChangeTheRestAsync(string path, IReadOnlyList<KeyValuePair<string, JsonNode?>> headers, JsonObject? grant)
    {
        try
        {
            if (headers.Count > 0)
                await SendAsync(client.PatchAsync(path + "/headers", Bytes(WithHeaders([], headers)), cancel));
            if (grant is not null)
                await SendAsync(client.PatchAsync(path, Bytes(new JsonObject { ["oauth"] = grant.DeepClone() }), cancel));
        }
        catch (CommandException refused)
        {
            throw new CommandException($"{refused.Message} What is not about its headers or oauth was changed.", refused);
        }
    }

    private async Task PutAsync(string what, string key, JsonObject? there, JsonObject shaped, Func<Task> put)
    {
        if (there is not null && JsonNode.DeepEquals(there, shaped))
            Unchanged++;
        else
            await ChangeAsync(new Change(there is null ? ChangeKind.Made : ChangeKind.Changed, what, key, there is null ? [] : [.. Differing(there, shaped)]), put);
    }

    private Task DeleteAsync(string what, string key, string path) =>
        ChangeAsync(new Change(ChangeKind.Deleted, what, key, []), () => SendAsync(client.DeleteAsync(path, cancel)));

    private async Task ChangeAsync(Change change, Func<Task> make)
    {
        try
        {
            if (!dryRun)
                await make();
        }
        catch (CommandException refused)
        {
            throw new CommandException($"{change.What} {Terminal.Clean(change.Key, 256)}: {refused.Message}", refused);
        }
        _changes.Add(change);
    }

    private static async Task SendAsync(Task<ApiAnswer> answer) => (await answer).ThrowIfFailed();

    private static JsonObject WithHeaders(JsonObject endpoint, IEnumerable<KeyValuePair<string, JsonNode?>> headers)
    {
        var changed = (JsonObject)endpoint.DeepClone();
        changed["headers"] = new JsonObject(headers.Select(header => KeyValuePair.Create(header.Key, header.Value?.DeepClone())));
        return changed;
    }

    private static JsonObject WithUid<T>(JsonObject resource, string key) where T : IIdentified
    {
        var body = (JsonObject)resource.DeepClone();
        if (!Id<T>.TryParse(key, out _))
            body["uid"] = key;
        return body;
    }

    // What had no uid where the document came from is known by its id there, and gets a uid here, by which it is found the next time.
    private static string KeyOf<T>(string key) where T : IIdentified => Id<T>.TryParse(key, out _) ? "from-" + key : key;

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Nothing(IEnumerable<string> headers) => headers.Select(name => KeyValuePair.Create(name, (JsonNode?)null));

    private static bool IsReplaced(string header, JsonObject endpoint) => endpoint["oauth"] is not null && header.Equals("Authorization", StringComparison.OrdinalIgnoreCase);

    private static bool Names(JsonObject headers, string name) => headers.Any(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static JsonNode? ValueOf(JsonObject headers, string name) => headers.FirstOrDefault(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

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
