using System.Globalization;
using System.Text.Json;
using Json.Pointer;
using Json.Schema;

namespace Grapnel.Publishing.Schemas;

/// <summary>Faults out of what JsonSchema.Net tells of an evaluation.</summary>
internal static class SchemaFaults
{
    /// <summary>What an evaluation needs to be asked for, so that faults can be made of it.</summary>
    public static readonly EvaluationOptions Wanted = new() { OutputFormat = OutputFormat.Hierarchical, Culture = CultureInfo.InvariantCulture };

    // A part of these may fail while the whole fits; so the keyword has its say, and its parts have none.
    private static readonly HashSet<string> Choices = ["anyOf", "oneOf", "not", "if", "contains"];

    private const int MaxMessage = 300;

    // Texts into which the library fills what it found. As JSON, the names that are missing can be told one by one.
    static SchemaFaults()
    {
        ErrorMessages.Required = "[[missing]]";
        ErrorMessages.FalseSchema = "is not allowed";
        ErrorMessages.Enum = "must be one of [[values]]";
        ErrorMessages.Type = "must be of the type [[expected]]";
        ErrorMessages.Pattern = "must match the pattern [[pattern]]";
    }

    /// <summary>Every fault, each where it is.</summary>
    /// <param name="result">An evaluation with all its parts.</param>
    public static IEnumerable<SchemaFault> Of(EvaluationResults result)
    {
        if (result.IsValid)
            return [];
        var parts = result.Details?.ToLookup(part => KeywordOf(part, result.EvaluationPath.SegmentCount));
        var within = parts?.Where(keyword => !Choices.Contains(keyword.Key)).SelectMany(keyword => keyword).SelectMany(Of).ToArray() ?? [];
        SchemaFault[] own = [.. Told(result, parts, within.Length > 0)];
        return own.Length + within.Length > 0 ? [.. own, .. within] : [new SchemaFault(Steps(result.InstanceLocation), "does not fit the schema")];
    }

    private static IEnumerable<SchemaFault> Told(EvaluationResults result, ILookup<string, EvaluationResults>? parts, bool byParts)
    {
        var path = Steps(result.InstanceLocation);
        foreach (var (keyword, message) in result.Errors ?? [])
        {
            if (keyword == "required")
                foreach (var name in JsonSerializer.Deserialize<string[]>(message)!)
                    yield return new SchemaFault([.. path, name], "is required");
            // A keyword with parts fails because of them, and they tell better where and why.
            else if (!byParts || parts?.Contains(keyword) != true || Choices.Contains(keyword))
                yield return new SchemaFault(path, message.Length <= MaxMessage ? message : message[..MaxMessage] + "…");
        }
        if (parts?["anyOf"].ToArray() is { Length: > 0 } choices && choices.All(choice => !choice.IsValid))
            yield return new SchemaFault(path, $"fits none of the alternatives: {string.Join(", or ", choices.Select(choice => Of(choice).First().Message).Distinct().Take(3))}");
        if (parts?["not"].Any(part => part.IsValid) == true)
            yield return new SchemaFault(path, "fits what it must not (not)");
    }

    private static string KeywordOf(EvaluationResults part, int depth) =>
        part.EvaluationPath.SegmentCount > depth ? part.EvaluationPath[depth].ToString() : "";

    private static string[] Steps(JsonPointer pointer) =>
        [.. Enumerable.Range(0, pointer.SegmentCount)
            .Select(i => pointer[i].ToString().Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];
}
