using System.Text.Json.Nodes;
using Grapnel.Server.Commands.Client;

namespace Grapnel.Server.Commands.Configurations;

/// <summary>
/// Reads the configuration of a running server as one document: event types by name, applications by uid or id, in them endpoints by uid or id, and schedules. No
/// secret is in it, and nothing that differs between two servers which are configured alike.
/// </summary>
internal sealed class ConfigurationReader(ApiClient client, CancellationToken cancel)
{
    /// <summary>The version of the document.</summary>
    public const int Version = 1;

    private const int AtOnce = 250;

    /// <summary>The whole configuration, or that of some applications.</summary>
    /// <param name="applications">Their uids or ids; none for all.</param>
    public async Task<JsonObject> ReadAsync(IReadOnlyList<string> applications)
    {
        var document = new JsonObject { ["grapnel"] = Version };
        if (applications.Count == 0)
        {
            document["eventTypes"] = await ReadEventTypesAsync();
            document["operationalWebhooks"] = await EndpointsOfAsync(Paths.OperationalEndpoints);
        }
        var (read, found) = (new JsonObject(), new HashSet<string>());
        foreach (var application in await ListAsync(Paths.Applications))
        {
            var (id, key) = (Text(application, "id"), KeyOf(application));
            if (key == Application.OperationalUid || (applications.Count > 0 && !applications.Contains(key) && !applications.Contains(id)))
                continue;
            found.UnionWith([key, id]);
            read[key] = await ReadApplicationAsync(application);
        }
        if (applications.FirstOrDefault(name => !found.Contains(name)) is { } unknown)
            throw new CommandException($"There is no application '{unknown}'.");
        document["applications"] = Sorted(read);
        return document;
    }

    /// <summary>The event types by name, archived ones included.</summary>
    public async Task<JsonObject> ReadEventTypesAsync() => Sorted(new JsonObject(
        (await ListAsync(Paths.EventTypes + "?include_archived=true&with_content=true"))
            .Select(type => KeyValuePair.Create(Text(type, "name"), (JsonNode?)Shape.EventType.Of(type)))));

    /// <summary>The endpoints below a path, in order of their keys.</summary>
    public async Task<IReadOnlyList<ReadEndpoint>> ReadEndpointsAsync(string path)
    {
        var read = new List<ReadEndpoint>();
        foreach (var endpoint in await ListAsync(path))
        {
            var headers = (await client.GetAsync($"{path}/{Text(endpoint, "id")}/headers", cancel)).Read<JsonObject>();
            endpoint["headers"] = headers["headers"]?.DeepClone();
            read.Add(new ReadEndpoint(KeyOf(endpoint), Shape.Endpoint.Of(endpoint), [.. headers["sensitive"]!.AsArray().Select(name => name!.GetValue<string>())]));
        }
        return [.. read.OrderBy(endpoint => endpoint.Key, StringComparer.Ordinal)];
    }

    private async Task<JsonObject> EndpointsOfAsync(string path) =>
        new((await ReadEndpointsAsync(path)).Select(endpoint => KeyValuePair.Create(endpoint.Key, (JsonNode?)endpoint.Shape)));

    /// <summary>The schedules of an application, with their ids.</summary>
    public async Task<IReadOnlyList<(string Id, JsonObject Shape)>> ReadSchedulesAsync(string application) =>
        [.. (await ListAsync(Paths.SchedulesOf(application))).Select(schedule => (Text(schedule, "id"), Shape.Schedule.Of(schedule)))];

    /// <summary>Every resource of a list.</summary>
    public async Task<IReadOnlyList<JsonObject>> ListAsync(string path)
    {
        var (all, next) = (new List<JsonObject>(), "");
        while (true)
        {
            var page = (await client.GetAsync($"{path}{(path.Contains('?') ? '&' : '?')}limit={AtOnce}{next}", cancel)).Read<JsonObject>();
            all.AddRange(page["data"]!.AsArray().Select(item => item!.AsObject()));
            if (page["done"]?.GetValue<bool>() != false)
                return all;
            next = "&iterator=" + Uri.EscapeDataString(Text(page, "iterator"));
        }
    }

    /// <summary>What a resource is called by: its uid, or its id where it has none.</summary>
    public static string KeyOf(JsonObject resource) => resource["uid"]?.GetValue<string>() ?? Text(resource, "id");

    private async Task<JsonObject> ReadApplicationAsync(JsonObject application)
    {
        var id = Text(application, "id");
        var read = Shape.Application.Of(application);
        read["endpoints"] = await EndpointsOfAsync(Paths.EndpointsOf(id));
        // No name tells schedules apart, so their content orders them.
        var schedules = (await ReadSchedulesAsync(id)).Select(schedule => schedule.Shape).OrderBy(shape => shape.ToJsonString(), StringComparer.Ordinal);
        if (schedules.ToArray() is { Length: > 0 } some)
            read["schedules"] = new JsonArray(some);
        return read;
    }

    private static string Text(JsonObject resource, string name) => resource[name]!.GetValue<string>();

    private static JsonObject Sorted(JsonObject all) =>
        new(all.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone())));
}

/// <summary>An endpoint as it is configured.</summary>
/// <param name="Key">What it is called by.</param>
/// <param name="Shape">Its configuration.</param>
/// <param name="Hidden">The headers that carry credentials: that they are there is known, not what they say.</param>
internal sealed record ReadEndpoint(string Key, JsonObject Shape, IReadOnlyCollection<string> Hidden);

/// <summary>Where in the API things are.</summary>
internal static class Paths
{
    public const string EventTypes = "/api/v1/event-type";
    public const string Applications = "/api/v1/app";
    public const string OperationalEndpoints = "/api/v1/operational-webhook/endpoint";

    public static string EndpointsOf(string application) => $"{Applications}/{Uri.EscapeDataString(application)}/endpoint";

    public static string SchedulesOf(string application) => $"{Applications}/{Uri.EscapeDataString(application)}/schedule";
}
