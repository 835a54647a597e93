using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;

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
/// A JSON Schema that payloads are held against: draft 7, and what 2019-09 and 2020-12 renamed or added to it. References lead into the schema
/// itself only, <c>format</c> is documentation, and the cost of a check is bounded: docs/adr/0012-payload-schemas.md. Immutable.
/// </summary>
internal sealed class PayloadSchema(JsonElement root)
{
    /// <summary>Steps that one check may take, some 0.1 s at worst.</summary>
    private const long MaxSteps = 2_000_000;

    private static readonly JsonDocumentOptions PayloadOptions = new() { MaxDepth = 512 };
    private readonly ConcurrentDictionary<string, Regex> _patterns = new(StringComparer.Ordinal);

    /// <summary>The schema; one that passed <see cref="SchemaRules"/>.</summary>
    public JsonElement Root { get; } = root.Clone();

    /// <summary>The pattern as a program that takes time in proportion to the text, whatever pattern and text are.</summary>
    /// <exception cref="ArgumentException">It is no regular expression.</exception>
    /// <exception cref="NotSupportedException">It looks around or back, which cannot be bounded, or is too large.</exception>
    public static Regex Compile(string pattern) => new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);

    /// <summary>What does not fit, at most <see cref="SchemaRun.MaxFaults"/> faults; none for a payload that fits.</summary>
    public IReadOnlyList<SchemaFault> Check(ReadOnlyMemory<byte> payload)
    {
        try
        {
            using var json = JsonDocument.Parse(payload, PayloadOptions);
            return new SchemaRun(this, new StepBudget(MaxSteps)).Check(json.RootElement);
        }
        catch (JsonException)
        {
            return [new SchemaFault([], "must be JSON")];
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

    public bool IsMatch(string pattern, string text, StepBudget budget)
    {
        budget.Spend(1 + text.Length);
        return _patterns.GetOrAdd(pattern, Compile).IsMatch(text);
    }

    /// <summary>What a reference within the schema leads to.</summary>
    public JsonElement Resolve(string reference) => SchemaPointer.TryResolve(Root, reference, out var target)
        ? target
        : throw new InvalidOperationException($"'{reference}' leads nowhere.");
}
