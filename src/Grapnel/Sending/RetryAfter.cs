using System.Globalization;
using System.Net.Http.Headers;

namespace Grapnel.Sending;

/// <summary>Reads <c>Retry-After</c> (RFC 9110, 10.2.3): seconds, or a date in one of the three formats of RFC 9110, 5.6.7.</summary>
internal static class RetryAfter
{
    private static readonly string[] DateFormats =
    [
        "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
        "dddd, dd-MMM-yy HH:mm:ss 'GMT'",
        "ddd MMM d HH:mm:ss yyyy",
    ];

    /// <summary>The pause the answer asks for; null when it asks for none or cannot be understood.</summary>
    public static TimeSpan? Read(HttpResponseHeaders headers, DateTimeOffset now) =>
        headers.NonValidated.TryGetValues("Retry-After", out var values) && values.Count == 1 ? Parse(values.ToString(), now) : null;

    /// <summary>Reads a value: a date that has passed is no pause, a number beyond all time is the longest pause there is.</summary>
    public static TimeSpan? Parse(string value, DateTimeOffset now)
    {
        value = value.Trim();
        if (value.Length > 0 && value.All(char.IsAsciiDigit))
            return Seconds(value);
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowInnerWhite;
        if (!DateTimeOffset.TryParseExact(value, DateFormats, CultureInfo.InvariantCulture, Utc, out var date))
            return null;
        return date > now ? date - now : TimeSpan.Zero;
    }

    private static TimeSpan Seconds(string digits) =>
        long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
        && seconds < TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerSecond
            ? TimeSpan.FromSeconds(seconds)
            : TimeSpan.MaxValue;
}
