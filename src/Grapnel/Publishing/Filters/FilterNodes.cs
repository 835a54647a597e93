namespace Grapnel.Publishing.Filters;

/// <summary>A part of an expression. What it makes of a value is a <see cref="FilterValue"/> again.</summary>
/// <param name="parts">What it is made of.</param>
internal abstract class FilterNode(params ReadOnlySpan<FilterNode> parts)
{
    /// <summary>How deep its parts nest, itself included.</summary>
    public int Depth { get; } = 1 + DeepestOf(parts);

    public object? Evaluate(object? value, StepBudget budget)
    {
        budget.Spend();
        return Apply(value, budget);
    }

    protected abstract object? Apply(object? value, StepBudget budget);

    private static int DeepestOf(ReadOnlySpan<FilterNode> parts)
    {
        var deepest = 0;
        foreach (var part in parts)
            deepest = Math.Max(deepest, part.Depth);
        return deepest;
    }
}

/// <summary><c>@</c></summary>
internal sealed class CurrentNode : FilterNode
{
    protected override object? Apply(object? value, StepBudget budget) => value;
}

/// <summary><c>'text'</c> or <c>`json`</c></summary>
internal sealed class LiteralNode(object? literal) : FilterNode
{
    protected override object? Apply(object? value, StepBudget budget) => literal;
}

/// <summary><c>name</c></summary>
internal sealed class FieldNode(string name) : FilterNode
{
    protected override object? Apply(object? value, StepBudget budget) => FilterValue.Field(value, name, budget);
}

/// <summary><c>[n]</c>, from the end when negative</summary>
internal sealed class IndexNode(FilterNode of, int index) : FilterNode(of)
{
    protected override object? Apply(object? value, StepBudget budget)
    {
        if (FilterValue.List(of.Evaluate(value, budget), budget) is not { } list)
            return null;
        var at = index < 0 ? list.Count + index : index;
        return at >= 0 && at < list.Count ? list[at] : null;
    }
}

/// <summary><c>[start:stop:step]</c></summary>
internal sealed class SliceNode(FilterNode of, int? start, int? stop, int step) : FilterNode(of)
{
    protected override object? Apply(object? value, StepBudget budget)
    {
        if (FilterValue.List(of.Evaluate(value, budget), budget) is not { } list)
            return null;
        var (first, last) = step > 0 ? (0, list.Count) : (-1, list.Count - 1);
        var from = start is { } s ? Clamp(s) : step > 0 ? first : last;
        var to = stop is { } e ? Clamp(e) : step > 0 ? last : first;
        var slice = new List<object?>();
        for (long at = from; step > 0 ? at < to : at > to; at += step)
            slice.Add(list[(int)at]);
        return slice;

        int Clamp(int at) => Math.Clamp(at < 0 ? at + list.Count : at, first, last);
    }
}

/// <summary><c>a.b</c> and <c>a | b</c></summary>
internal sealed class ThenNode(FilterNode first, FilterNode then) : FilterNode(first, then)
{
    protected override object? Apply(object? value, StepBudget budget) => then.Evaluate(first.Evaluate(value, budget), budget);
}

/// <summary><c>[]</c>: lists within a list are poured into it, one level deep</summary>
internal sealed class FlattenNode(FilterNode of) : FilterNode(of)
{
    protected override object? Apply(object? value, StepBudget budget)
    {
        if (FilterValue.List(of.Evaluate(value, budget), budget) is not { } list)
            return null;
        var flat = new List<object?>(list.Count);
        foreach (var item in list)
        {
            budget.Spend();
            if (FilterValue.List(item, budget) is { } inner)
                flat.AddRange(inner);
            else
                flat.Add(item);
        }
        // Inner lists that are lists already cost nothing to look at, but their elements take memory here.
        budget.Spend(flat.Count);
        return flat;
    }
}

/// <summary><c>[*]</c>, <c>[]</c>, a slice, or <c>[?condition]</c>: applied to each element; results that are null are left out</summary>
internal sealed class ListNode(FilterNode of, FilterNode each, FilterNode? condition = null) : FilterNode(of, each, condition ?? of)
{
    protected override object? Apply(object? value, StepBudget budget)
    {
        if (FilterValue.List(of.Evaluate(value, budget), budget) is not { } list)
            return null;
        var results = new List<object?>();
        foreach (var item in list)
            if ((condition is null || FilterValue.IsTrue(condition.Evaluate(item, budget))) && each.Evaluate(item, budget) is { } result)
                results.Add(result);
        return results;
    }
}

/// <summary><c>*</c>: applied to each value of an object</summary>
internal sealed class ValuesNode(FilterNode of, FilterNode each) : FilterNode(of, each)
{
    protected override object? Apply(object? value, StepBudget budget)
    {
        if (FilterValue.Members(of.Evaluate(value, budget), budget) is not { } members)
            return null;
        var results = new List<object?>();
        foreach (var member in members)
            if (each.Evaluate(member.Value, budget) is { } result)
                results.Add(result);
        return results;
    }
}

/// <summary><c>!a</c></summary>
internal sealed class NotNode(FilterNode of) : FilterNode(of)
{
    protected override object? Apply(object? value, StepBudget budget) => !FilterValue.IsTrue(of.Evaluate(value, budget));
}

/// <summary><c>a || b</c></summary>
internal sealed class OrNode(FilterNode left, FilterNode right) : FilterNode(left, right)
{
    protected override object? Apply(object? value, StepBudget budget)
    {
        var first = left.Evaluate(value, budget);
        return FilterValue.IsTrue(first) ? first : right.Evaluate(value, budget);
    }
}

/// <summary><c>a &amp;&amp; b</c></summary>
internal sealed class AndNode(FilterNode left, FilterNode right) : FilterNode(left, right)
{
    protected override object? Apply(object? value, StepBudget budget)
    {
        var first = left.Evaluate(value, budget);
        return FilterValue.IsTrue(first) ? right.Evaluate(value, budget) : first;
    }
}

/// <summary><c>a == b</c> and the like; only numbers have an order</summary>
internal sealed class CompareNode(string comparison, FilterNode left, FilterNode right) : FilterNode(left, right)
{
    protected override object? Apply(object? value, StepBudget budget)
    {
        var (a, b) = (left.Evaluate(value, budget), right.Evaluate(value, budget));
        if (comparison is "==" or "!=")
            return FilterValue.AreEqual(a, b, budget) == (comparison == "==");
        if (!FilterValue.IsNumber(a) || !FilterValue.IsNumber(b))
            return null;
        var order = FilterValue.CompareNumbers(a!, b!);
        return comparison switch { "<" => order < 0, "<=" => order <= 0, ">" => order > 0, _ => order >= 0 };
    }
}

/// <summary><c>[a, b]</c></summary>
internal sealed class MultiListNode(List<FilterNode> items) : FilterNode([.. items])
{
    protected override object? Apply(object? value, StepBudget budget) =>
        value is null ? null : items.ConvertAll(item => item.Evaluate(value, budget));
}

/// <summary><c>{name: a}</c></summary>
internal sealed class MultiHashNode(List<(string Name, FilterNode Node)> members) : FilterNode([.. members.Select(member => member.Node)])
{
    protected override object? Apply(object? value, StepBudget budget)
    {
        if (value is null)
            return null;
        var made = new Dictionary<string, object?>();
        foreach (var (name, node) in members)
            made[name] = node.Evaluate(value, budget);
        return made;
    }
}

/// <summary><c>&amp;a</c>: an expression handed to a function</summary>
internal sealed class ReferenceNode(FilterNode of) : FilterNode(of)
{
    public FilterNode Of => of;

    protected override object? Apply(object? value, StepBudget budget) => this;
}

/// <summary><c>name(a, b)</c></summary>
internal sealed class CallNode(FilterFunction function, List<FilterNode> arguments) : FilterNode([.. arguments])
{
    protected override object? Apply(object? value, StepBudget budget) =>
        function.Run(arguments.ConvertAll(argument => argument.Evaluate(value, budget)), budget);
}
