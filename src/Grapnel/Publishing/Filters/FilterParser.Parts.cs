namespace Grapnel.Publishing.Filters;

internal sealed partial class FilterParser
{
    private bool StartsIndex() =>
        Current.Kind is FilterTokenKind.Number or FilterTokenKind.Colon
        || (Current.Kind == FilterTokenKind.Star && _tokens[_next + 1].Kind == FilterTokenKind.CloseBracket);

    private FilterNode Bracket(FilterNode left)
    {
        if (Skip(FilterTokenKind.Star))
        {
            Expect(FilterTokenKind.CloseBracket);
            return new ListNode(left, Projected(20));
        }
        var parts = new int?[3];
        var colons = 0;
        for (var token = Take(); token.Kind != FilterTokenKind.CloseBracket; token = Take())
        {
            if (token.Kind == FilterTokenKind.Colon && colons < 2)
                colons++;
            else if (token.Kind == FilterTokenKind.Number && parts[colons] is null)
                parts[colons] = (int)token.Value!;
            else
                throw Unexpected(token);
        }
        if (colons == 0)
            return new IndexNode(left, parts[0] ?? throw Unexpected(_tokens[_next - 1]));
        if (parts[2] == 0)
            throw new FilterSyntaxException("the step of a slice must not be 0");
        return new ListNode(new SliceNode(left, parts[0], parts[1], parts[2] ?? 1), Projected(20));
    }

    /// <summary>What is applied to each element of a projection.</summary>
    private FilterNode Projected(int strength) => Current.Kind switch
    {
        var kind when Strength(kind) < EndsProjection => new CurrentNode(),
        FilterTokenKind.OpenBracket or FilterTokenKind.Filter => EachFrom(strength),
        FilterTokenKind.Dot => AfterTakenDot(strength),
        _ => throw Unexpected(Current),
    };

    /// <summary>A bracket right behind a projection belongs to each element.</summary>
    private FilterNode EachFrom(int strength) => Current.Kind == FilterTokenKind.OpenBracket && !IndexFollows()
        ? throw Unexpected(Current)
        : Expression(strength);

    private bool IndexFollows()
    {
        _next++;
        var index = StartsIndex();
        _next--;
        return index;
    }

    private FilterNode AfterTakenDot(int strength)
    {
        Expect(FilterTokenKind.Dot);
        return AfterDot(strength);
    }

    private FilterNode AfterDot(int strength) => Current.Kind switch
    {
        FilterTokenKind.Identifier or FilterTokenKind.Quoted or FilterTokenKind.Star => Expression(strength),
        FilterTokenKind.OpenBracket => Skipped(FilterTokenKind.OpenBracket, List),
        FilterTokenKind.OpenBrace => Skipped(FilterTokenKind.OpenBrace, Hash),
        _ => throw Unexpected(Current),
    };

    private FilterNode Skipped(FilterTokenKind kind, Func<FilterNode> read)
    {
        Expect(kind);
        return read();
    }

    private MultiListNode List() => new(Items(FilterTokenKind.CloseBracket, () => Expression(0)));

    private MultiHashNode Hash() => new(Items(FilterTokenKind.CloseBrace, () =>
    {
        var name = Take();
        if (name.Kind is not (FilterTokenKind.Identifier or FilterTokenKind.Quoted))
            throw Unexpected(name);
        Expect(FilterTokenKind.Colon);
        return (name.Text, Expression(0));
    }));

    private CallNode Call(FilterToken name)
    {
        Expect(FilterTokenKind.OpenParen);
        List<FilterNode> arguments = Skip(FilterTokenKind.CloseParen) ? [] : Items(FilterTokenKind.CloseParen, Argument);
        var function = FilterFunctions.Find(name.Text)
            ?? throw new FilterSyntaxException($"there is no function '{name.Text}' (position {name.At})");
        function.Check(name.Text, arguments);
        return new CallNode(function, arguments);
    }

    private FilterNode Argument() => Skip(FilterTokenKind.Reference) ? new ReferenceNode(Expression(0)) : Expression(0);

    /// <summary>One or more, with commas between.</summary>
    private List<T> Items<T>(FilterTokenKind end, Func<T> read)
    {
        var items = new List<T> { read() };
        while (!Skip(end))
        {
            Expect(FilterTokenKind.Comma);
            items.Add(read());
        }
        return items;
    }
}
