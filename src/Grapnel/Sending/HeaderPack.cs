using System.Collections.Frozen;
using System.Net.Http.Headers;
using System.Text;
using Grapnel.Registry;

namespace Grapnel.Sending;

/// <summary>
/// Packs the headers of an exchange into a few bytes, with one allocation: they are stored with every attempt. One byte says whether there was
/// an answer; then each header is a byte (received, without value, number of the name), the name if it has no number, and the value. Texts are
/// Latin-1, as on the wire, after their length in base 128.
/// </summary>
internal static class HeaderPack
{
    /// <summary>The first byte of an exchange that was answered.</summary>
    public const byte Answered = 1;

    /// <summary>Most bytes that are kept of one direction; what does not fit is left out.</summary>
    public const int MaxBytes = 4096;

    private const byte IsReceived = 0x80;
    private const byte HasNoValue = 0x40;
    private const byte NumberBits = 0x3f;

    // Numbers are stored: names are only ever added, at the end.
    private static readonly string[] Names =
    [
        "", "Content-Type", "User-Agent", "webhook-id", "webhook-timestamp", "webhook-signature", "Content-Length", "Date", "Server",
        "Connection", "Cache-Control", "Transfer-Encoding", "Keep-Alive", "Vary", "ETag", "Set-Cookie", "Strict-Transport-Security",
        "X-Request-Id", "x-request-id", "Via", "Alt-Svc", "X-Powered-By", "X-Content-Type-Options", "X-Frame-Options", "Retry-After",
        "Access-Control-Allow-Origin", "CF-RAY", "cf-cache-status", "NEL", "Report-To", "X-Cache", "x-amzn-RequestId", "Content-Encoding",
    ];

    private static readonly FrozenDictionary<string, byte> Numbers =
        Names.Select((name, number) => KeyValuePair.Create(name, (byte)number)).Skip(1).ToFrozenDictionary(StringComparer.Ordinal);

    [ThreadStatic]
    private static byte[]? _scratch;

    /// <summary>Packs what was sent, and what came back if anything did.</summary>
    public static byte[] Of(HttpRequestMessage request, HttpResponseMessage? response)
    {
        var scratch = _scratch ??= new byte[1 + 2 * MaxBytes];
        scratch[0] = response is null ? (byte)0 : Answered;
        var used = 1;
        var limit = used + MaxBytes;
        Add(request.Headers, 0, scratch.AsSpan(0, limit), ref used);
        if (request.Content is { } body)
            Add(body.Headers, 0, scratch.AsSpan(0, limit), ref used);
        limit = used + MaxBytes;
        if (response is not null)
        {
            Add(response.Headers, IsReceived, scratch.AsSpan(0, limit), ref used);
            Add(response.Content.Headers, IsReceived, scratch.AsSpan(0, limit), ref used);
        }
        return scratch.AsSpan(0, used).ToArray();
    }

    /// <summary>Takes the next header off the packed form.</summary>
    public static (bool Received, string Name, string? Value) Take(ref ReadOnlySpan<byte> rest)
    {
        var head = rest[0];
        rest = rest[1..];
        var number = head & NumberBits;
        var name = number > 0 ? Names[number] : TakeText(ref rest);
        return ((head & IsReceived) != 0, name, (head & HasNoValue) != 0 ? null : TakeText(ref rest));
    }

    // Not validated: parsing what is only going to be kept would cost more than all the rest.
    private static void Add(HttpHeaders headers, byte direction, Span<byte> target, ref int used)
    {
        foreach (var (name, values) in headers.NonValidated)
        {
            var hides = EndpointHeaders.IsSensitive(name) || name.Equals("Set-Cookie", StringComparison.OrdinalIgnoreCase);
            foreach (var value in values)
                Add(name, hides ? null : value, direction, target, ref used);
        }
    }

    private static void Add(string name, string? value, byte direction, Span<byte> target, ref int used)
    {
        var number = Numbers.GetValueOrDefault(name);
        // Two bytes hold any length that fits.
        if (5 + (number > 0 ? 0 : name.Length) + (value?.Length ?? 0) > target.Length - used)
            return;
        target[used++] = (byte)(direction | (value is null ? HasNoValue : 0) | number);
        if (number == 0)
            AddText(name, target, ref used);
        if (value is not null)
            AddText(value, target, ref used);
    }

    private static void AddText(string text, Span<byte> target, ref int used)
    {
        var length = text.Length;
        if (length > 0x7f)
            target[used++] = (byte)(0x80 | (length >> 7));
        target[used++] = (byte)(length & 0x7f);
        used += Encoding.Latin1.GetBytes(text, target[used..]);
    }

    private static string TakeText(ref ReadOnlySpan<byte> rest)
    {
        var length = rest[0] & 0x7f;
        var width = 1;
        if (rest[0] > 0x7f)
            length = (length << 7) | rest[width++];
        var text = Encoding.Latin1.GetString(rest.Slice(width, length));
        rest = rest[(width + length)..];
        return text;
    }
}
