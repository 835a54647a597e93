using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Grapnel.Server.Api.Import;

namespace Grapnel.Server.Commands.Configurations;

/// <summary>Reads a document of configuration from a file, YAML or JSON, with <c>${NAME}</c> replaced by variables of the environment: secrets belong there.</summary>
internal static partial class ConfigurationFile
{
    private static readonly string[] Sections = ["grapnel", "eventTypes", "operationalWebhooks", "applications"];

    /// <exception cref="CommandException">It cannot be read, or is not such a document; tells every name that nothing is known of.</exception>
    public static async Task<JsonObject> ReadAsync(string path, Func<string, string?> variable, CancellationToken cancel)
    {
        var text = await LoadAsync(path, cancel);
        JsonNode? node;
        try
        {
            node = YamlJson.Read(text, path);
        }
        catch (InvalidInputException failure)
        {
            throw new CommandException(string.Join(' ', failure.Errors.Select(error => $"{error.Field} {error.Message}")), failure);
        }
        if (node is not JsonObject document || document["grapnel"] is not JsonValue version || version.ToString() != $"{ConfigurationReader.Version}")
            throw new CommandException($"{path} is no configuration of Grapnel: it must begin with 'grapnel: {ConfigurationReader.Version}'.");
        var missing = new SortedSet<string>(StringComparer.Ordinal);
        var replaced = (JsonObject)Replace(document, name => variable(name) ?? Missing(name))!;
        if (missing.Count > 0)
            throw new CommandException($"{path} needs variables of the environment that are not set: {string.Join(", ", missing)}.");
        Check(path, replaced);
        return replaced;

        string Missing(string name)
        {
            missing.Add(name);
            return "";
        }
    }

    /// <summary>The same document with whatever looks like a variable marked as the text that it is.</summary>
    public static JsonNode? Escape(JsonNode? node) => Map(node, text => Reference().Replace(text, found => "$" + found.Value));

    private static async Task<string> LoadAsync(string path, CancellationToken cancel)
    {
        try
        {
            return path == "-" ? await System.Console.In.ReadToEndAsync(cancel) : await File.ReadAllTextAsync(path, cancel);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(failure.Message, failure);
        }
    }

    // A name that is misspelt would otherwise be passed over in silence, and what it was to say not be there.
    private static void Check(string path, JsonObject document)
    {
        var faults = new List<string>();
        void Known(string where, JsonNode? node, IEnumerable<string> names) =>
            faults.AddRange((node as JsonObject)?.Select(member => member.Key).Except(names).Select(name => $"{where}.{name}") ?? [$"{where} (it must have members)"]);
        void Endpoints(string where, JsonNode? endpoints)
        {
            foreach (var (key, endpoint) in endpoints as JsonObject ?? [])
                Known($"{where}.{key}", endpoint, [.. Shape.Endpoint.Names, "secret"]);
        }

        faults.AddRange(document.Select(member => member.Key).Except(Sections));
        foreach (var (name, type) in document["eventTypes"] as JsonObject ?? [])
            Known($"eventTypes.{name}", type, Shape.EventType.Names);
        Endpoints("operationalWebhooks", document["operationalWebhooks"]);
        foreach (var (key, application) in document["applications"] as JsonObject ?? [])
        {
            Known($"applications.{key}", application, [.. Shape.Application.Names, "endpoints", "schedules"]);
            Endpoints($"applications.{key}.endpoints", (application as JsonObject)?["endpoints"]);
            foreach (var (index, schedule) in ((application as JsonObject)?["schedules"] as JsonArray ?? []).Index())
                Known($"applications.{key}.schedules.{index}", schedule, Shape.Schedule.Names);
        }
        if (faults.Count > 0)
            throw new CommandException($"{path} says things that mean nothing here: {string.Join(", ", faults)}.");
    }

    private static JsonNode? Replace(JsonNode? node, Func<string, string> variable) => Map(node, text => Reference().Replace(
        text, found => found.Value.StartsWith("$$", StringComparison.Ordinal) ? found.Value[1..] : variable(found.Groups[1].Value)));

    private static JsonNode? Map(JsonNode? node, Func<string, string> change) => node switch
    {
        JsonObject members => new JsonObject(members.Select(member => KeyValuePair.Create(member.Key, Map(member.Value, change)))),
        JsonArray items => new JsonArray([.. items.Select(item => Map(item, change))]),
        JsonValue value when value.TryGetValue<string>(out var text) => JsonValue.Create(change(text)),
        _ => node?.DeepClone(),
    };

    // One more dollar sign in front makes it a text.
    [GeneratedRegex(@"\$*\$\{([A-Za-z_][A-Za-z0-9_]*)\}")]
    private static partial Regex Reference();
}
