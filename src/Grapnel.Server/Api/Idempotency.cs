using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Grapnel.Publishing;
using Grapnel.Server.Auth;

namespace Grapnel.Server.Api;

/// <summary>
/// The <c>Idempotency-Key</c> of a request as the publisher wants it. The caller and the route, its query included, are part of the key: the
/// same key of two callers, or on two routes, means two requests.
/// </summary>
internal static class Idempotency
{
    public const string Header = "Idempotency-Key";
    private const int MaxLength = 256;

    public static IdempotencyRequest? Read(HttpContext http, ReadOnlySpan<byte> body, Action<Utf8JsonWriter, PublishResult> write)
    {
        if (!http.Request.Headers.TryGetValue(Header, out var values) || values is not [{ Length: > 0 } key, ..])
            return null;
        if (key.Length > MaxLength)
            throw new InvalidInputException($"header.{Header}", $"must have at most {MaxLength} characters");
        var caller = http.Caller().Id;
        var scope = $"{caller}\n{http.Request.Path}{http.Request.QueryString}\n{key}";
        return new IdempotencyRequest(
            SHA256.HashData(Encoding.UTF8.GetBytes(scope)), SHA256.HashData(body), result => JsonReply.Render(result, write).ToArray());
    }
}
