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

    // A name that is misspelt, or a section of another kind, would otherwise be passed over in silence, and what it was to say not be there.
    private static void Check(string path, JsonObject document)
    {
        var faults = new List<string>();
        JsonObject Members(string where, JsonNode? node)
        {
            if (node is not JsonObject)
                faults.Add($"{where} (it must have members)");
            return node as JsonObject ?? [];
        }
        JsonObject Part(string where, JsonObject whole, string name) => whole.ContainsKey(name) ? Members($"{where}{name}", whole[name]) : [];
        void Known(string where, JsonNode? node, IEnumerable<string> names) =>
            faults.AddRange(Members(where, node).Select(member => member.Key).Except(names).Select(name => $"{where}.{name}"));
        void Endpoints(string where, JsonObject endpoints)
        {
            foreach (var (key, endpoint) in endpoints)
            {
                Known($"{where}.{key}", endpoint, [.. Shape.Endpoint.Names, "secret"]);
                // These may be null: the endpoint has none then.
                if ((endpoint as JsonObject)?["headers"] is { } headers)
                    Members($"{where}.{key}.headers", headers);
                if ((endpoint as JsonObject)?["tls"] is { } tls)
                    Known($"{where}.{key}.tls", tls, [.. Shape.Tls.Names, "clientKey"]);
                if ((endpoint as JsonObject)?["oauth"] is { } grant)
                    Known($"{where}.{key}.oauth", grant, [.. Shape.OAuth.Names, "clientSecret"]);
            }
        }

        faults.AddRange(document.Select(member => member.Key).Except(Sections));
        foreach (var (name, type) in Part("", document, "eventTypes"))
            Known($"eventTypes.{name}", type, Shape.EventType.Names);
        Endpoints("operationalWebhooks", Part("", document, "operationalWebhooks"));
        foreach (var (key, application) in Part("", document, "applications"))
        {
            Known($"applications.{key}", application, [.. Shape.Application.Names, "endpoints", "schedules"]);
            var members = application as JsonObject ?? [];
            Endpoints($"applications.{key}.endpoints", Part($"applications.{key}.", members, "endpoints"));
            if (members.ContainsKey("schedules") && members["schedules"] is not JsonArray)
                faults.Add($"applications.{key}.schedules (it must be a list)");
            foreach (var (index, schedule) in (members["schedules"] as JsonArray ?? []).Index())
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
