using System.Globalization;
using System.Text.Json;
using Json.Schema;

namespace Grapnel.Publishing.Schemas;

/// <summary>What does not fit about a payload.</summary>
/// <param name="Path">Where: member names and indices from the payload's root; empty for the payload itself.</param>
/// <param name="Message">What would fit, in one sentence.</param>
public sealed record SchemaFault(IReadOnlyList<string> Path, string Message)
{
    /// <summary>The path as a JSON Pointer (RFC 6901).</summary>
    public string Pointer => string.Concat(Path.Select(step => "/" + step.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)));
}

/// <summary>
/// A JSON Schema that payloads are held against, by JsonSchema.Net. References lead into the schema itself only, <c>format</c> is
/// documentation, and what a check may cost has a limit: docs/adr/0013-payload-schemas-by-a-library.md. Immutable, used by many threads at once.
/// </summary>
internal sealed class PayloadSchema
{
    /// <summary>Faults after which no more are told.</summary>
    private const int MaxFaults = 100;

    private static readonly JsonDocumentOptions PayloadOptions = new() { MaxDepth = 256 };
    private static readonly EvaluationOptions Verdict = new() { OutputFormat = OutputFormat.Flag, Culture = CultureInfo.InvariantCulture };
    private readonly JsonSchema _schema;

    private PayloadSchema(JsonSchema schema) => _schema = schema;

    /// <summary>Reads a schema.</summary>
    /// <exception cref="SchemaException">Payloads cannot be held against it; the message tells why.</exception>
    public static PayloadSchema Read(JsonElement schema) => SchemaDraft.Of(schema) is { } draft
        ? new PayloadSchema(draft.Build(schema))
        : throw new SchemaException($"'$schema' must be one of {string.Join(", ", SchemaDraft.Names)}");

    /// <summary>What does not fit, at most a hundred faults; none for a payload that fits.</summary>
    public IReadOnlyList<SchemaFault> Check(ReadOnlyMemory<byte> payload)
    {
        try
        {
            using var json = JsonDocument.Parse(payload, PayloadOptions);
            // Whether it fits is known much sooner than why it does not, and most payloads fit.
            return Evaluate(json.RootElement, Verdict).IsValid ? [] : Faults(json.RootElement);
        }
        catch (JsonException)
        {
            return [new SchemaFault([], $"must be JSON, nested at most {PayloadOptions.MaxDepth} levels deep")];
        }
        catch (InvalidOperationException)
        {
            // What the platform throws for an escaped half of a surrogate pair.
            return [new SchemaFault([], "has a text that is none: an unpaired surrogate")];
        }
        catch (StepsSpentException)
        {
            return [new SchemaFault([], "is too large, or its schema too costly, to be checked")];
        }
    }

    private EvaluationResults Evaluate(JsonElement payload, EvaluationOptions options)
    {
        BoundedReference.BeginCheck();
        return _schema.Evaluate(payload, options);
    }

    private SchemaFault[] Faults(JsonElement payload) =>
        [.. SchemaFaults.Of(Evaluate(payload, SchemaFaults.Wanted)).DistinctBy(fault => (fault.Pointer, fault.Message)).Take(MaxFaults)];
}

/// <summary>A JSON text that is no schema, or none that payloads can be held against; the message tells why.</summary>
internal sealed class SchemaException(string message) : Exception(message);
