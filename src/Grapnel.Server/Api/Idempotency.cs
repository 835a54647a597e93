using System.IO.Hashing;
using System.Text.Json;
using Grapnel.Publishing;
using Grapnel.Registry;
using Grapnel.Server.Auth;

namespace Grapnel.Server.Api;

/// <summary>
/// The <c>Idempotency-Key</c> of a request as the publisher wants it. The caller and the route, its query included, are part of the key: the
/// same key of two callers, or on two routes, means two requests.
/// </summary>
internal static class Idempotency
{
    public const string Header = "Idempotency-Key";
    public const int MaxLength = 256;

    public static IdempotencyRequest? Read(HttpContext http, ReadOnlySpan<byte> body, Action<Utf8JsonWriter, PublishResult> write) =>
        KeyOf(http) is { } key ? Request(key, body, write) : null;

    /// <summary>The same for one line of a stream: the line's number is part of its key, so that a stream that is sent again repeats line by line.</summary>
    public static IdempotencyRequest? ReadLine(
        HttpContext http, int number, ReadOnlySpan<byte> line, Action<Utf8JsonWriter, PublishResult> write) =>
        KeyOf(http, $"\n{number}") is { } key ? Request(key, line, write) : null;

    /// <summary>The same for a batch, which is remembered as a whole.</summary>
    public static BatchIdempotency? ReadBatch(
        HttpContext http, ReadOnlySpan<byte> body, Func<IReadOnlyList<PublishResult>, byte[]> render) =>
        KeyOf(http) is { } key ? new BatchIdempotency(key, FingerprintOf(body), render) : null;

    private static IdempotencyRequest Request(UInt128 key, ReadOnlySpan<byte> body, Action<Utf8JsonWriter, PublishResult> write) =>
        new(key, FingerprintOf(body), result => JsonReply.Render(result, write).ToArray());

    /// <summary>
    /// Stands for caller, route and key; null for a request without a key. Half of a SHA-256: nobody finds two keys that share it by accident, and
    /// whoever searches for them can only disturb requests of their own.
    /// </summary>
    public static UInt128? KeyOf(HttpContext http, string part = "")
    {
        if (!http.Request.Headers.TryGetValue(Header, out var values) || values is [] or [null or ""])
            return null;
        if (values is not [{ } key])
            throw new InvalidInputException($"header.{Header}", "must be given once");
        if (key.Length > MaxLength)
            throw new InvalidInputException($"header.{Header}", $"must have at most {MaxLength} characters");
        return Sha256.Of($"{http.Caller().Id}\n{http.Request.Path.Value}{http.Request.QueryString.Value}\n{key}{part}").High;
    }

    /// <summary>
    /// Stands for the body of a request. Not made against forgers: who sends two bodies with one key that share a fingerprint gets the answer to the
    /// first of their own requests, and nothing else.
    /// </summary>
    public static UInt128 FingerprintOf(ReadOnlySpan<byte> body) => XxHash128.HashToUInt128(body);
}
