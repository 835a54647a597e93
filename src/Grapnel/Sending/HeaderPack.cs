using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Grapnel.Registry;

namespace Grapnel.Sending;

/// <summary>
/// Packs the headers of an exchange into a few bytes, with one allocation: they are stored with every attempt. One byte says whether there was
/// an answer; then each header is a byte (received, number of the name), the name if it has no number, and the value. A value whose text
/// follows from fewer bytes is stored as those, after a byte that says how; others are Latin-1, as on the wire, after their length.
/// </summary>
internal static class HeaderPack
{
    /// <summary>The first byte of an exchange that was answered.</summary>
    public const byte Answered = 1;

    /// <summary>Most bytes that are kept of one direction; what does not fit is left out.</summary>
    public const int MaxBytes = 4096;

    private const byte IsReceived = 0x80;

    // The first byte of a value. Below TwoBytes it is a length; up to Hidden its low bits are the high ones of a length.
    private const byte TwoBytes = 0xc0;
    private const byte Hidden = 0xe0;
    private const byte MessageId = 0xe1;
    private const byte Number = 0xe2;
    private const byte HttpDate = 0xe3;
    private const byte Signature = 0xe4;
    private const byte Common = 0xe5;

    private const string SignaturePrefix = "v1,";
    private const int SignatureBytes = 32;
    private const int SignatureLength = 3 + 44;

    // Numbers of names and values are stored: both lists only ever grow, at the end. No name but Set-Cookie is one whose values are hidden.
    private static readonly string[] Names =
    [
        "", "Content-Type", "User-Agent", "webhook-id", "webhook-timestamp", "webhook-signature", "Content-Length", "Date", "Server",
        "Connection", "Cache-Control", "Transfer-Encoding", "Keep-Alive", "Vary", "ETag", "Set-Cookie", "Strict-Transport-Security",
        "X-Request-Id", "x-request-id", "Via", "Alt-Svc", "X-Powered-By", "X-Content-Type-Options", "X-Frame-Options", "Retry-After",
        "Access-Control-Allow-Origin", "CF-RAY", "cf-cache-status", "NEL", "Report-To", "X-Cache", "x-amzn-RequestId", "Content-Encoding",
        "Location", "Allow", "Last-Modified", "Expires", "Pragma", "Referrer-Policy", "X-XSS-Protection",
        "X-GitHub-Event", "X-GitHub-Delivery", "X-GitHub-Hook-ID", "X-Hub-Signature-256", "ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time",
    ];

    private static readonly string[] Values =
    [
        "application/json", "application/json; charset=utf-8", "text/plain", "text/plain; charset=utf-8", "text/html",
        "text/html; charset=utf-8", "application/problem+json", "keep-alive", "close", "chunked", "no-cache", "no-store", "no-cache, no-store",
        "private", "nosniff", "DENY", "SAMEORIGIN", "*", "Accept-Encoding", "Origin", "gzip", "br", "nginx", "cloudflare", "envoy", "Kestrel",
        "gunicorn", "Apache", "Express", "DYNAMIC", "1.1 google", "POST",
    ];

    private static readonly FrozenDictionary<string, byte> NameNumbers = NumbersOf(Names);
    private static readonly FrozenDictionary<string, byte> ValueNumbers = NumbersOf(Values);
    private static readonly byte WebhookId = NameNumbers["webhook-id"];
    private static readonly byte SetCookie = NameNumbers["Set-Cookie"];

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

    /// <summary>Takes the next header off the packed form. Its value is null where it was not kept.</summary>
    /// <param name="rest">What is left of the packed form.</param>
    /// <param name="message">The message that was sent, whose id is not stored again.</param>
    public static (bool Received, string Name, string? Value) Take(ref ReadOnlySpan<byte> rest, Id<Message> message)
    {
        var head = TakeByte(ref rest);
        var number = head & ~IsReceived;
        var name = number > 0 ? Names[number] : TakeValue(ref rest, message)!;
        return ((head & IsReceived) != 0, name, TakeValue(ref rest, message));
    }

    // Not validated: parsing what is only going to be kept would cost more than all the rest.
    private static void Add(HttpHeaders headers, byte direction, Span<byte> target, ref int used)
    {
        foreach (var (name, values) in headers.NonValidated)
        {
            var number = NameNumbers.GetValueOrDefault(name);
            var hides = number == 0 ? EndpointHeaders.IsSensitive(name) || name.Equals("Set-Cookie", StringComparison.OrdinalIgnoreCase) : number == SetCookie;
            foreach (var value in values)
                Add(name, number, hides ? null : value, direction, target, ref used);
        }
    }

    private static void Add(string name, byte number, string? value, byte direction, Span<byte> target, ref int used)
    {
        // Enough for the text as it is, and for any of the short forms.
        if (name.Length + Math.Max(value?.Length ?? 0, SignatureBytes) + 8 > target.Length - used)
            return;
        target[used++] = (byte)(direction | number);
        if (number == 0)
            AddText(name, target, ref used);
        if (value is null)
            target[used++] = Hidden;
        // No header that a user sets may be called webhook-….
        else if (number == WebhookId && direction == 0)
            target[used++] = MessageId;
        else
            AddValue(value, target, ref used);
    }

    private static void AddValue(string value, Span<byte> target, ref int used)
    {
        if (ValueNumbers.TryGetValue(value, out var common))
            (target[used++], target[used++]) = (Common, common);
        else if (IsNumber(value, out var number))
            AddUInt32(Number, number, target, ref used);
        else if (IsDate(value, out var date))
            AddUInt32(HttpDate, date, target, ref used);
        else if (!TryAddSignature(value, target, ref used))
            AddText(value, target, ref used);
    }

    private static bool IsNumber(string value, out uint number)
    {
        number = 0;
        return value.Length is > 0 and <= 10 && value[0] is >= '1' and <= '9' &&
            uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private static bool IsDate(string value, out uint seconds)
    {
        seconds = 0;
        if (value.Length != 29 || !value.EndsWith(" GMT", StringComparison.Ordinal) ||
            !DateTimeOffset.TryParseExact(value, "r", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ||
            date.ToUnixTimeSeconds() is not (>= 0 and <= uint.MaxValue))
            return false;
        seconds = (uint)date.ToUnixTimeSeconds();
        return true;
    }

    private static bool TryAddSignature(string value, Span<byte> target, ref int used)
    {
        if (value.Length != SignatureLength || !value.StartsWith(SignaturePrefix, StringComparison.Ordinal))
            return false;
        var bytes = target.Slice(used + 1, SignatureBytes);
        // Other texts can stand for the same bytes; only the usual one comes back as it was.
        if (!Convert.TryFromBase64Chars(value.AsSpan(SignaturePrefix.Length), bytes, out var length) || length != SignatureBytes ||
            !IsUsual(value.AsSpan(SignaturePrefix.Length), bytes))
            return false;
        target[used] = Signature;
        used += 1 + SignatureBytes;
        return true;
    }

    private static bool IsUsual(ReadOnlySpan<char> base64, ReadOnlySpan<byte> bytes)
    {
        Span<char> usual = stackalloc char[SignatureLength - 3];
        return Convert.TryToBase64Chars(bytes, usual, out _) && usual.SequenceEqual(base64);
    }

    private static void AddUInt32(byte kind, uint value, Span<byte> target, ref int used)
    {
        target[used] = kind;
        BinaryPrimitives.WriteUInt32BigEndian(target[(used + 1)..], value);
        used += 1 + sizeof(uint);
    }

    private static void AddText(string text, Span<byte> target, ref int used)
    {
        if (text.Length >= TwoBytes)
            target[used++] = (byte)(TwoBytes | (text.Length >> 8));
        target[used++] = (byte)text.Length;
        used += Encoding.Latin1.GetBytes(text, target[used..]);
    }

    private static string? TakeValue(ref ReadOnlySpan<byte> rest, Id<Message> message) => TakeByte(ref rest) switch
    {
        Hidden => null,
        MessageId => message.ToString(),
        Number => TakeUInt32(ref rest).ToString(CultureInfo.InvariantCulture),
        HttpDate => DateTimeOffset.FromUnixTimeSeconds(TakeUInt32(ref rest)).ToString("r", CultureInfo.InvariantCulture),
        Signature => SignaturePrefix + Convert.ToBase64String(TakeBytes(ref rest, SignatureBytes)),
        Common => Values[TakeByte(ref rest)],
        >= TwoBytes and var high => TakeText(ref rest, (high & 0x1f) << 8 | TakeByte(ref rest)),
        var length => TakeText(ref rest, length),
    };

    private static byte TakeByte(ref ReadOnlySpan<byte> rest) => TakeBytes(ref rest, 1)[0];

    private static uint TakeUInt32(ref ReadOnlySpan<byte> rest) => BinaryPrimitives.ReadUInt32BigEndian(TakeBytes(ref rest, sizeof(uint)));

    private static string TakeText(ref ReadOnlySpan<byte> rest, int length) => Encoding.Latin1.GetString(TakeBytes(ref rest, length));

    private static ReadOnlySpan<byte> TakeBytes(ref ReadOnlySpan<byte> rest, int count)
    {
        var taken = rest[..count];
        rest = rest[count..];
        return taken;
    }

    private static FrozenDictionary<string, byte> NumbersOf(string[] texts) => texts
        .Select((text, number) => KeyValuePair.Create(text, (byte)number)).Where(entry => entry.Key.Length > 0).ToFrozenDictionary(StringComparer.Ordinal);
}
