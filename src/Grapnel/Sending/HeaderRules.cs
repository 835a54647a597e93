using System.Buffers;
using System.Collections.Frozen;
using Grapnel.Sending.Formats;

namespace Grapnel.Sending;

/// <summary>
/// Which extra request headers an endpoint may set. Names and values that could break out of their line, and headers that are Grapnel's,
/// HTTP's or a proxy's to set, are refused, at registration and again before sending.
/// </summary>
internal static class HeaderRules
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaxNameLength = 256;

    /// <summary>The longest value, in characters.</summary>
    public const int MaxValueLength = 4096;

    /// <summary>Token characters (RFC 9110, 5.6.2).</summary>
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>Latin-1 without control characters, the tabulator among them.</summary>
    private static readonly SearchValues<char> ValueCharacters =
        SearchValues.Create([.. Enumerable.Range(0x20, 0x5f).Concat(Enumerable.Range(0xa0, 0x60)).Select(c => (char)c)]);

    private static readonly FrozenSet<string> ReservedNames = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        "Host", "TE", "Trailer", "Transfer-Encoding", "Connection", "Keep-Alive", "Upgrade", "Expect", "User-Agent", "Date",
        "Cookie", "Cookie2", "Set-Cookie", "Set-Cookie2", "HTTP2-Settings",
        // These describe the body, like everything that starts with Content-.
        "Allow", "Expires", "Last-Modified");

    private static readonly string[] ReservedPrefixes =
    [
        "content-", "proxy-", "webhook-", "svix-", "x-svix-", "x-amz-", "x-amzn-", "x-google", "x-goog-", "x-gfe", "x-azure-", "x-fd-",
    ];

    /// <summary>Checks all headers; returns every fault, under the path <c>field.name</c>.</summary>
    public static IReadOnlyList<FieldError> Check(IReadOnlyDictionary<string, string> headers, string field = "headers")
    {
        List<FieldError> errors = [];
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in headers)
            if ((CheckName(name) ?? (seen.Add(name) ? CheckValue(value) : "The header is given twice.")) is { } error)
                errors.Add(new FieldError($"{field}.{Printable(name)}", error));
        return errors;
    }

    /// <summary>Refuses headers that an endpoint's format sets; returns every fault, under the path <c>headers.name</c>.</summary>
    public static IReadOnlyList<FieldError> CheckFormat(RequestFormat format, IReadOnlyDictionary<string, string> headers)
    {
        string[] own = GithubStyle.Is(format) ? ["x-github-", "x-hub-signature"] : CloudEvent.Is(format) ? ["ce-"] : [];
        return
        [
            .. headers.Keys.Where(name => own.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
                .Select(name => new FieldError($"headers.{Printable(name)}", "The header is set by the endpoint's format.")),
        ];
    }

    /// <summary>Whether a value can stand in a header line.</summary>
    public static bool IsValue(string value) => !value.AsSpan().ContainsAnyExcept(ValueCharacters);

    private static string? CheckName(string name)
    {
        if (name.Length is 0 or > MaxNameLength || name.AsSpan().ContainsAnyExcept(TokenCharacters))
            return $"A header name has 1 to {MaxNameLength} letters, digits or characters of !#$%&'*+-.^_`|~.";
        return ReservedNames.Contains(name) || ReservedPrefixes.Any(p => name.StartsWith(p, StringComparison.OrdinalIgnoreCase))
            ? "The header is reserved and cannot be set."
            : null;
    }

    private static string? CheckValue(string? value) =>
        value is null || value.Length > MaxValueLength || !IsValue(value)
            ? $"A header value has at most {MaxValueLength} characters of Latin-1, without control characters."
            : null;

    /// <summary>An error must not carry the very characters it complains about into logs and terminals.</summary>
    private static string Printable(string name) =>
        string.Concat(name.Take(MaxNameLength).Select(c => c is > ' ' and < '\x7f' ? c : '?'));
}
