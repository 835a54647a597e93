using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Json.Schema;
using Json.Schema.Keywords;

namespace Grapnel.Publishing.Schemas;

/// <summary><c>pattern</c>, matched in time proportional to the text, whatever pattern and text are.</summary>
internal sealed class BoundedPattern : PatternKeyword
{
    /// <inheritdoc/>
    public override object? ValidateKeywordValue(JsonElement value)
    {
        base.ValidateKeywordValue(value);
        return Compile(value.GetString()!);
    }

    public static Regex Compile(string pattern) => new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
}

/// <summary><c>patternProperties</c>, matched in the same way.</summary>
internal sealed class BoundedPatternProperties : PatternPropertiesKeyword
{
    /// <inheritdoc/>
    public override object? ValidateKeywordValue(JsonElement value)
    {
        base.ValidateKeywordValue(value);
        return value.EnumerateObject().ToDictionary(rule => rule.Name, rule => BoundedPattern.Compile(rule.Name));
    }
}

/// <summary>
/// <c>$ref</c>, with a bound on what all of them cost in one check. Without references a check costs at most the size of the payload times that of the
/// schema; with them, a few words of schema can take time without end, or all of the stack.
/// </summary>
internal sealed class BoundedReference : RefKeyword
{
    /// <summary>
    /// What may be spent: a reference costs as many steps as the way to it has, which the library copies each time. It is about a second at worst, and
    /// enough for three references in each record of a mebibyte of small ones.
    /// </summary>
    private const int MaxSteps = 2_000_000;

    // The library does all of a check on one thread.
    [ThreadStatic]
    private static StepBudget? _budget;

    /// <summary>Begins a check on this thread.</summary>
    public static void BeginCheck() => _budget = new StepBudget(MaxSteps);

    /// <inheritdoc/>
    /// <exception cref="StepsSpentException">They cost too much, or lie too deep.</exception>
    public override KeywordEvaluation Evaluate(KeywordData keyword, EvaluationContext context)
    {
        _budget!.Spend(1 + context.EvaluationPath.SegmentCount);
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new StepsSpentException();
        return base.Evaluate(keyword, context);
    }
}

/// <summary>A keyword that payloads are not held against: a schema that has it is not taken.</summary>
/// <param name="name">The keyword.</param>
/// <param name="why">Why not, for who wrote the schema.</param>
internal sealed class RefusedKeyword(string name, string why) : IKeywordHandler
{
    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public object? ValidateKeywordValue(JsonElement value) => throw new JsonSchemaException($"'{name}': {why}");

    /// <inheritdoc/>
    public void BuildSubschemas(KeywordData keyword, BuildContext context)
    {
    }

    /// <inheritdoc/>
    public KeywordEvaluation Evaluate(KeywordData keyword, EvaluationContext context) => KeywordEvaluation.Ignore;
}
