using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Grapnel.Publishing.Filters;

/// <summary>
/// An endpoint's filter: a JMESPath expression (jmespath.org, the specification of 2015 with all its functions) that a payload passes when
/// the result is neither false, null, nor an empty string, list or object. Evaluation is bounded, whatever expression and payload are:
/// docs/adr/0011-content-filters.md. Immutable, used by many threads at once.
/// </summary>
internal sealed class PayloadFilter
{
    /// <summary>The longest expression, in characters.</summary>
    public const int MaxLength = 4096;

    /// <summary>Steps that one evaluation may take, some 0.1 s at worst: enough for a few conditions on each of 100,000 elements.</summary>
    private const long MaxSteps = 2_000_000;

    private static readonly JsonDocumentOptions PayloadOptions = new() { MaxDepth = PublishRules.MaxDepth };
    private readonly FilterNode _root;

    private PayloadFilter(FilterNode root) => _root = root;

    /// <summary>Reads an expression; otherwise tells what is wrong with it.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out PayloadFilter? filter, [NotNullWhen(false)] out string? error)
    {
        (filter, error) = (null, null);
        try
        {
            if (text.Length > MaxLength)
                throw new FilterSyntaxException($"must have at most {MaxLength} characters");
            filter = new PayloadFilter(new FilterParser(text).Parse());
            return true;
        }
        catch (FilterSyntaxException e)
        {
            error = e.Message;
            return false;
        }
    }

    /// <summary>A payload as filters look at it; null when it is not JSON, or nested deeper than 512.</summary>
    public static JsonDocument? ReadPayload(ReadOnlyMemory<byte> payload)
    {
        try
        {
            return JsonDocument.Parse(payload, PayloadOptions);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Whether a payload passes. One on which the expression cannot be evaluated does not.</summary>
    public bool Matches(JsonElement payload)
    {
        try
        {
            return FilterValue.IsTrue(Evaluate(payload));
        }
        // The last is what the platform throws for an escaped half of a surrogate pair.
        catch (Exception e) when (e is FilterTypeException or StepsSpentException or InvalidOperationException)
        {
            return false;
        }
    }

    internal object? Evaluate(JsonElement payload) => _root.Evaluate(FilterValue.Of(payload), new StepBudget(MaxSteps));
}

/// <summary>A text that is no expression; the message tells why.</summary>
internal sealed class FilterSyntaxException(string message) : Exception(message);

/// <summary>A function met a value that it does not take.</summary>
internal sealed class FilterTypeException(string message) : Exception(message);
