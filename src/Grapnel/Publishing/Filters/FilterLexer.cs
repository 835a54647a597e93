using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Grapnel.Publishing.Filters;

/// <summary>Cuts an expression into tokens.</summary>
internal sealed class FilterLexer(string text)
{
    private const string IdentifierStart = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    private static readonly SearchValues<char> IdentifierChars = SearchValues.Create(IdentifierStart + "0123456789");
    private int _at;

    /// <summary>All tokens, with an end at the end.</summary>
    /// <exception cref="FilterSyntaxException">Something is no token.</exception>
    public List<FilterToken> Read()
    {
        var tokens = new List<FilterToken>();
        do
        {
            while (_at < text.Length && text[_at] is ' ' or '\t' or '\r' or '\n')
                _at++;
            tokens.Add(Next());
        }
        while (tokens[^1].Kind != FilterTokenKind.End);
        return tokens;
    }

    private FilterToken Next() => Peek(0) switch
    {
        '\0' when _at >= text.Length => Take(FilterTokenKind.End, 0),
        '.' => Take(FilterTokenKind.Dot),
        '*' => Take(FilterTokenKind.Star),
        '[' when Peek(1) == ']' => Take(FilterTokenKind.Flatten, 2),
        '[' when Peek(1) == '?' => Take(FilterTokenKind.Filter, 2),
        '[' => Take(FilterTokenKind.OpenBracket),
        ']' => Take(FilterTokenKind.CloseBracket),
        '{' => Take(FilterTokenKind.OpenBrace),
        '}' => Take(FilterTokenKind.CloseBrace),
        '(' => Take(FilterTokenKind.OpenParen),
        ')' => Take(FilterTokenKind.CloseParen),
        ',' => Take(FilterTokenKind.Comma),
        ':' => Take(FilterTokenKind.Colon),
        '@' => Take(FilterTokenKind.Current),
        '&' when Peek(1) == '&' => Take(FilterTokenKind.And, 2),
        '&' => Take(FilterTokenKind.Reference),
        '|' when Peek(1) == '|' => Take(FilterTokenKind.Or, 2),
        '|' => Take(FilterTokenKind.Pipe),
        '=' or '!' or '<' or '>' when Peek(1) == '=' => Take(FilterTokenKind.Compare, 2),
        '<' or '>' => Take(FilterTokenKind.Compare),
        '!' => Take(FilterTokenKind.Not),
        '"' => Delimited('"', FilterTokenKind.Quoted, raw => ReadJson(raw, $"\"{raw}\"")),
        '\'' => Delimited('\'', FilterTokenKind.Literal, raw => raw.Replace(@"\'", "'", StringComparison.Ordinal)),
        '`' => Delimited('`', FilterTokenKind.Literal, raw => ReadJson(raw, raw.Replace(@"\`", "`", StringComparison.Ordinal))),
        '-' or (>= '0' and <= '9') => Number(),
        var c when IdentifierStart.Contains(c) => Identifier(),
        var c => throw new FilterSyntaxException(
            c == '=' ? $"'=' at position {_at} compares nothing; use '=='" : $"unexpected character '{c}' at position {_at}"),
    };

    private char Peek(int ahead) => _at + ahead < text.Length ? text[_at + ahead] : '\0';

    private FilterToken Take(FilterTokenKind kind, int length = 1, object? value = null)
    {
        var token = new FilterToken(kind, _at, text.Substring(_at, length), value);
        _at += length;
        return token;
    }

    private FilterToken Identifier()
    {
        var length = text.AsSpan(_at).IndexOfAnyExcept(IdentifierChars);
        return Take(FilterTokenKind.Identifier, length < 0 ? text.Length - _at : length);
    }

    private FilterToken Number()
    {
        var length = 1;
        while (char.IsAsciiDigit(Peek(length)))
            length++;
        return int.TryParse(text.AsSpan(_at, length), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? Take(FilterTokenKind.Number, length, number)
            : throw new FilterSyntaxException($"'{text.Substring(_at, length)}' at position {_at} is no index");
    }

    private FilterToken Delimited(char end, FilterTokenKind kind, Func<string, object?> read)
    {
        var close = _at + 1;
        while (close < text.Length && text[close] != end)
            close += text[close] == '\\' ? 2 : 1;
        if (close >= text.Length)
            throw new FilterSyntaxException($"{end} at position {_at} is never closed");
        var value = read(text[(_at + 1)..close]);
        var token = new FilterToken(kind, _at, value as string ?? "", value);
        _at = close + 1;
        return token;
    }

    private object? ReadJson(string written, string json)
    {
        try
        {
            using var document = JsonDocument.Parse(Encoding.UTF8.GetBytes(json));
            return FilterValue.Of(document.RootElement.Clone());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new FilterSyntaxException($"'{written}' at position {_at} is not JSON");
        }
    }
}
