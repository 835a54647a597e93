using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Grapnel.Registry;

namespace Grapnel.Storage.Catalog;

/// <summary>
/// The secrets of the catalog, and how they stand in its columns. Without a box, as tools open stores that look at no secret, they are stored as they come, and none is opened. What is sealed begins with a mark, so that what was stored before there was sealing can still be
/// read, until it is sealed with the next start.
/// </summary>
internal sealed class SealedFields(ISecretBox? box)
{
    // A control character stands in no header value.
    private const char TextMark = '\u0001';
    private static readonly byte[] Mark = "grpseal1"u8.ToArray();

    /// <summary>The values of the installation's secrets, each for a <see cref="Sample(byte[])"/>.</summary>
    public const string SecretsSql = "SELECT value FROM installation_secret";

    /// <summary>
    /// For each key that endpoints are sealed with, the signing secrets of one of them, and how many these are, for a <see cref="Sample(string, long)"/>. An endpoint is
    /// sealed whole, and always has a signing secret, which therefore stands for all that is secret about it.
    /// </summary>
    /// <param name="position">The back-end's function for where a text stands in another one.</param>
    public static string EndpointsSql(string position)
    {
        // Bytes stand there as base64: whole groups of three are the same four characters wherever they begin a value.
        var mark = $"{position}(secrets, '{Convert.ToBase64String(Mark.AsSpan(0, Mark.Length / 3 * 3))}')";
        var length = (Mark.Length + ISecretBox.KeyBytes) / 3 * 4;
        return $"SELECT min(secrets), count(*) FROM endpoint WHERE {mark} > 0 GROUP BY substr(secrets, {mark}, {length})";
    }

    /// <summary>A secret of the installation as a sample of what is sealed; null when it is not.</summary>
    public static SealedSample? Sample(byte[] stored) => Payload(stored) is { } payload ? new SealedSample(payload, 1) : null;

    /// <summary>The signing secrets of an endpoint as a sample of what is sealed; null when they are not.</summary>
    public static SealedSample? Sample(string secrets, long endpoints) =>
        JsonSerializer.Deserialize<IReadOnlyList<EndpointSecret>>(secrets, JsonSerializerOptions.Default)!
            .Select(secret => Payload(secret.Key)).OfType<byte[]>().FirstOrDefault() is { } payload ? new SealedSample(payload, endpoints) : null;

    /// <summary>An endpoint as it is stored.</summary>
    public Endpoint Seal(Endpoint endpoint) => Change(endpoint, Seal, SealText);

    /// <summary>An endpoint as the engine knows it.</summary>
    [return: NotNullIfNotNull(nameof(endpoint))]
    public Endpoint? Open(Endpoint? endpoint) => endpoint is null ? null : Change(endpoint, Open, OpenText);

    /// <summary>A secret of the installation as it is stored.</summary>
    public InstallationSecret Seal(InstallationSecret secret) => secret with { Value = Seal(secret.Value) };

    /// <summary>A secret of the installation.</summary>
    public InstallationSecret Open(InstallationSecret secret) => secret with { Value = Open(secret.Value) };

    private static Endpoint Change(Endpoint endpoint, Func<byte[], byte[]> bytes, Func<string, string> text) => endpoint with
    {
        Secrets = [.. endpoint.Secrets.Select(secret => secret with { Key = bytes(secret.Key) })],
        Tls = endpoint.Tls is { ClientKey: { } key } tls ? tls with { ClientKey = bytes(key) } : endpoint.Tls,
        OAuth = endpoint.OAuth is { } grant ? grant with { ClientSecret = bytes(grant.ClientSecret) } : null,
        Headers = endpoint.Headers.Keys.Any(EndpointHeaders.IsSensitive)
            ? endpoint.Headers.ToDictionary(header => header.Key, header => EndpointHeaders.IsSensitive(header.Key) ? text(header.Value) : header.Value)
            : endpoint.Headers,
    };

    /// <summary>What a box is given to open, of what is stored; null when that is not sealed.</summary>
    private static byte[]? Payload(byte[] stored) => stored.AsSpan().StartsWith(Mark) ? stored[Mark.Length..] : null;

    private byte[] Seal(byte[] secret) => box is null ? secret : [.. Mark, .. box.Seal(secret)];

    private byte[] Open(byte[] stored) => Payload(stored) is { } sealedSecret ? OpenBox(sealedSecret) : stored;

    private string SealText(string text) => box is null ? text : TextMark + Convert.ToBase64String(box.Seal(Encoding.UTF8.GetBytes(text)));

    private string OpenText(string stored) =>
        stored.StartsWith(TextMark) ? Encoding.UTF8.GetString(OpenBox(Convert.FromBase64String(stored[1..]))) : stored;

    private byte[] OpenBox(byte[] sealedSecret) =>
        box is null ? throw new SecretBoxException("The secret is sealed, and the keys are not at hand here.") : box.Open(sealedSecret);
}
