using System.Diagnostics.CodeAnalysis;
using Grapnel.Registry;

namespace Grapnel.Storage.Catalog;

/// <summary>
/// The secrets of the catalog, and how they stand in its columns. What is sealed begins with a mark, so that what was stored before there was sealing can still be
/// read, until it is sealed with the next start.
/// </summary>
internal sealed class SealedFields(ISecretBox box)
{
    // A control character stands in no header value.
    private const char TextMark = '\u0001';
    private static readonly byte[] Mark = "grpseal1"u8.ToArray();

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

    private byte[] Seal(byte[] secret) => box is OpenBox ? secret : [.. Mark, .. box.Seal(secret)];

    private byte[] Open(byte[] stored) => stored.AsSpan().StartsWith(Mark) ? box.Open(stored[Mark.Length..]) : stored;

    private string SealText(string text) => box is OpenBox ? text : TextMark + Convert.ToBase64String(box.Seal(System.Text.Encoding.UTF8.GetBytes(text)));

    private string OpenText(string stored) =>
        stored.StartsWith(TextMark) ? System.Text.Encoding.UTF8.GetString(box.Open(Convert.FromBase64String(stored[1..]))) : stored;
}
