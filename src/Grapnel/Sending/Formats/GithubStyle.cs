using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Grapnel.Sending.Signing;

namespace Grapnel.Sending.Formats;

/// <summary>
/// Requests that receivers of GitHub's webhooks understand (docs.github.com, "Webhook events and payloads", "Delivery headers"). Receivers there have their
/// secret as a text, so the key is the text of the endpoint's secret, <c>whsec_</c> included. The header has room for one signature: after a rotation the new
/// secret signs alone.
/// </summary>
internal static class GithubStyle
{
    /// <summary>The event that a new endpoint gets first.</summary>
    public const string Ping = "ping";

    private const string FormType = "application/x-www-form-urlencoded";
    private static readonly byte[] FormField = "payload="u8.ToArray();

    /// <summary>Whether a format is one of GitHub's two.</summary>
    public static bool Is(RequestFormat format) => format is RequestFormat.Github or RequestFormat.GithubForm;

    /// <summary>The secret that signs: the newest shared one; null when there is none, which no endpoint in this format should come to.</summary>
    public static EndpointSecret? SecretOf(Endpoint endpoint, DateTimeOffset now) =>
        endpoint.Secrets.FirstOrDefault(secret => secret.Type == SignatureType.Hmac256 && (secret.ExpiresAt is not { } end || now < end));

    /// <summary>The payload as the one field of a form; encoded byte by byte, so that whatever it is comes back as it was.</summary>
    public static RequestBody Form(ReadOnlySpan<byte> payload) => new((byte[])[.. FormField, .. WebUtility.UrlEncodeToBytes(payload.ToArray(), 0, payload.Length)], FormType);

    /// <summary>Adds GitHub's headers.</summary>
    public static void AddHeaders(HttpRequestHeaders headers, Endpoint endpoint, Message message, EndpointSecret secret, ReadOnlySpan<byte> body)
    {
        var key = Encoding.UTF8.GetBytes(SecretText.Write(SecretText.Symmetric, secret.Key));
        Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, body, signature);
        headers.TryAddWithoutValidation("X-GitHub-Event", message.EventType);
        headers.TryAddWithoutValidation("X-GitHub-Delivery", new Guid(message.Id.ToBytes(), bigEndian: true).ToString());
        headers.TryAddWithoutValidation("X-GitHub-Hook-ID", NumberOf(endpoint.Id).ToString(CultureInfo.InvariantCulture));
        headers.TryAddWithoutValidation("X-Hub-Signature-256", "sha256=" + Convert.ToHexStringLower(signature));
    }

    /// <summary>
    /// What stands for the endpoint where GitHub has a number, which typed libraries insist on: the same for one endpoint always, and small enough for
    /// JavaScript (53 bits).
    /// </summary>
    public static long NumberOf(Id<Endpoint> endpoint) => (long)(BinaryPrimitives.ReadUInt64BigEndian(endpoint.ToBytes().AsSpan(8)) >> 11);

    /// <summary>What a ping says: which webhook was made, and for what.</summary>
    public static byte[] PingOf(Endpoint endpoint)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("zen", "Accepted means durable.");
            json.WriteNumber("hook_id", NumberOf(endpoint.Id));
            json.WriteStartObject("hook");
            json.WriteString("type", "App");
            json.WriteNumber("id", NumberOf(endpoint.Id));
            json.WriteString("name", "web");
            json.WriteBoolean("active", endpoint.Enabled);
            json.WriteStartArray("events");
            foreach (var name in endpoint.EventTypes ?? ["*"])
                json.WriteStringValue(name);
            json.WriteEndArray();
            json.WriteStartObject("config");
            json.WriteString("url", endpoint.Url);
            json.WriteString("content_type", endpoint.Format == RequestFormat.GithubForm ? "form" : "json");
            json.WriteEndObject();
            json.WriteString("created_at", endpoint.CreatedAt);
            json.WriteString("updated_at", endpoint.UpdatedAt);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return body.ToArray();
    }
}
