using System.Text.Json.Nodes;

namespace Grapnel.Server.Commands.Configurations;

/// <summary>
/// What of a resource is configuration: its members in the order in which they are written, each with the value that it has when nobody says otherwise. What has its
/// default is left out, so that two resources are the same when their shapes are.
/// </summary>
internal sealed class Shape(params (string Name, string Default)[] members)
{
    private static readonly string[] Unordered = ["eventTypes", "channels", "featureFlags"];

    public static readonly Shape EventType = new(
        ("description", "\"\""), ("archived", "false"), ("deprecated", "false"), ("groupName", "null"), ("featureFlags", "null"), ("schemaValidation", "\"off\""),
        ("schemas", "null"));

    public static readonly Shape Application = new(("name", "null"), ("throttleRate", "null"), ("metadata", "{}"));

    public static readonly Shape Endpoint = new(
        ("url", "null"), ("description", "\"\""), ("disabled", "false"), ("eventTypes", "null"), ("channels", "null"), ("filter", "null"), ("format", "\"standard\""),
        ("headers", "{}"), ("throttleRate", "null"), ("maxConcurrency", "null"), ("timeoutSeconds", "null"), ("retrySchedule", "null"), ("ordered", "false"),
        ("onExhausted", "\"skip\""), ("tls", "null"), ("oauth", "null"), ("metadata", "{}"));

    public static readonly Shape Schedule = new(
        ("eventType", "null"), ("cron", "null"), ("minInterval", "null"), ("maxInterval", "null"), ("enabled", "true"), ("payload", "null"));

    public static readonly Shape Tls = new(("clientCertificate", "null"), ("authorities", "null"), ("insecure", "false"));

    public static readonly Shape OAuth = new(
        ("tokenUrl", "null"), ("clientId", "null"), ("scope", "null"), ("audience", "null"), ("clientAuthentication", "\"basic\""));

    /// <summary>The names of all members.</summary>
    public IEnumerable<string> Names => members.Select(member => member.Name);

    /// <summary>A resource as the API tells it, or as a file describes it, in its shape. What is no member, secrets among them, is left out.</summary>
    public JsonObject Of(JsonObject resource)
    {
        var shaped = new JsonObject();
        foreach (var (name, otherwise) in members)
        {
            var value = Part(name, resource[name]);
            if (value is not null && !JsonNode.DeepEquals(value, JsonNode.Parse(otherwise)))
                shaped[name] = value;
        }
        return shaped;
    }

    private static JsonNode? Part(string name, JsonNode? value) => (name, value) switch
    {
        ("tls", JsonObject tls) => Tls.Of(tls),
        ("oauth", JsonObject grant) => OAuth.Of(grant),
        ("headers" or "metadata", JsonObject pairs) => new JsonObject(pairs.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone()))),
        (_, JsonArray list) when Unordered.Contains(name) => new JsonArray([.. list.Select(entry => entry?.DeepClone()).OrderBy(entry => entry?.ToString(), StringComparer.Ordinal)]),
        _ => value?.DeepClone(),
    };
}
