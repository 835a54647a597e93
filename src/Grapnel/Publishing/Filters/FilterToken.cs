namespace Grapnel.Publishing.Filters;

/// <summary>What a piece of an expression is.</summary>
internal enum FilterTokenKind
{
    End,
    Identifier,
    Quoted,
    Literal,
    Number,
    Dot,
    Star,
    OpenBracket,
    CloseBracket,
    OpenBrace,
    CloseBrace,
    OpenParen,
    CloseParen,
    Comma,
    Colon,
    Current,
    Reference,
    And,
    Or,
    Not,
    Pipe,
    Compare,
    Flatten,
    Filter,
}

/// <summary>One piece of an expression.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="At">Where it begins, counted from 0.</param>
/// <param name="Text">Its text as written, or the name that it stands for.</param>
/// <param name="Value">What a literal or number means.</param>
internal readonly record struct FilterToken(FilterTokenKind Kind, int At, string Text, object? Value = null);
