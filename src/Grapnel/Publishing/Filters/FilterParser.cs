namespace Grapnel.Publishing.Filters;

/// <summary>
/// Reads an expression by precedence climbing, as the grammar of JMESPath asks for: each operator binds its left side as long as it is
/// stronger than what stands before it. Nesting is bounded, so that neither reading nor evaluating can exhaust the stack.
/// </summary>
internal sealed partial class FilterParser
{
    private const int MaxDepth = 300;

    /// <summary>What binds weaker than this ends a projection.</summary>
    private const int EndsProjection = 10;

    private readonly List<FilterToken> _tokens;
    private int _next;
    private int _depth;

    public FilterParser(string text) => _tokens = new FilterLexer(text).Read();

    private FilterToken Current => _tokens[_next];

    /// <exception cref="FilterSyntaxException">The text is no expression.</exception>
    public FilterNode Parse()
    {
        var root = Expression(0);
        return Current.Kind == FilterTokenKind.End ? root : throw Unexpected(Current);
    }

    private FilterNode Expression(int strength)
    {
        if (++_depth > MaxDepth)
            throw TooDeep();
        var left = Prefix(Take());
        while (strength < Strength(Current.Kind))
            left = Bounded(Infix(left, Take()));
        _depth--;
        return left;
    }

    private static int Strength(FilterTokenKind kind) => kind switch
    {
        FilterTokenKind.Pipe => 1,
        FilterTokenKind.Or => 2,
        FilterTokenKind.And => 3,
        FilterTokenKind.Compare => 5,
        FilterTokenKind.Flatten => 9,
        FilterTokenKind.Star => 20,
        FilterTokenKind.Filter => 21,
        FilterTokenKind.Dot => 40,
        FilterTokenKind.OpenBracket => 55,
        _ => 0,
    };

    private FilterNode Prefix(FilterToken token)
    {
        switch (token.Kind)
        {
            case FilterTokenKind.Literal:
                return new LiteralNode(token.Value);
            case FilterTokenKind.Identifier when Current.Kind == FilterTokenKind.OpenParen:
                return Call(token);
            case FilterTokenKind.Quoted when Current.Kind == FilterTokenKind.OpenParen:
                throw new FilterSyntaxException($"a function's name at position {token.At} must not be quoted");
            case FilterTokenKind.Identifier or FilterTokenKind.Quoted:
                return new FieldNode(token.Text);
            case FilterTokenKind.Current:
                return new CurrentNode();
            case FilterTokenKind.Not:
                return new NotNode(Expression(45));
            case FilterTokenKind.OpenParen:
                var inner = Expression(0);
                Expect(FilterTokenKind.CloseParen);
                return inner;
            case FilterTokenKind.OpenBrace:
                return Hash();
            case FilterTokenKind.Star:
                return new ValuesNode(new CurrentNode(), Projected(20));
            case FilterTokenKind.Flatten or FilterTokenKind.Filter:
                return Infix(new CurrentNode(), token);
            case FilterTokenKind.OpenBracket when StartsIndex():
                return Infix(new CurrentNode(), token);
            case FilterTokenKind.OpenBracket:
                return List();
            default:
                throw Unexpected(token);
        }
    }

    private FilterNode Infix(FilterNode left, FilterToken token)
    {
        switch (token.Kind)
        {
            case FilterTokenKind.Dot when Skip(FilterTokenKind.Star):
                return new ValuesNode(left, Projected(20));
            case FilterTokenKind.Dot:
                return new ThenNode(left, AfterDot(40));
            case FilterTokenKind.Pipe:
                return new ThenNode(left, Expression(1));
            case FilterTokenKind.Or:
                return new OrNode(left, Expression(2));
            case FilterTokenKind.And:
                return new AndNode(left, Expression(3));
            case FilterTokenKind.Compare:
                return new CompareNode(token.Text, left, Expression(5));
            case FilterTokenKind.Flatten:
                return new ListNode(new FlattenNode(left), Projected(9));
            case FilterTokenKind.Filter:
                var condition = Expression(0);
                Expect(FilterTokenKind.CloseBracket);
                return new ListNode(left, Projected(21), condition);
            case FilterTokenKind.OpenBracket:
                return Bracket(left);
            default:
                throw Unexpected(token);
        }
    }

    private FilterToken Take()
    {
        var token = Current;
        if (token.Kind == FilterTokenKind.End)
            throw new FilterSyntaxException("the expression ends too early");
        _next++;
        return token;
    }

    private bool Skip(FilterTokenKind kind)
    {
        if (Current.Kind != kind)
            return false;
        _next++;
        return true;
    }

    private void Expect(FilterTokenKind kind)
    {
        if (!Skip(kind))
            throw Unexpected(Current);
    }

    /// <summary>A chain of operators nests to the left, without the reader's recursion noticing.</summary>
    private static FilterNode Bounded(FilterNode node) => node.Depth <= MaxDepth ? node : throw TooDeep();

    private static FilterSyntaxException TooDeep() => new($"is nested deeper than {MaxDepth} levels");

    private static FilterSyntaxException Unexpected(FilterToken token) => token.Kind == FilterTokenKind.End
        ? new FilterSyntaxException("the expression ends too early")
        : new FilterSyntaxException($"'{token.Text}' at position {token.At} is not expected there");
}
