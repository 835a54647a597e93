using System.Collections.Concurrent;
using System.IO.Compression;
using System.Security.Cryptography;
using Grapnel.Server.Auth;
using Microsoft.Net.Http.Headers;

namespace Grapnel.Server.Console;

/// <summary>
/// Scripts and styles of the console, out of the executable. An address carries a hash of the content, so a browser keeps it for good; each is
/// compressed once, when it is first asked for.
/// </summary>
internal sealed class ConsoleAssets
{
    private const string Prefix = "console/";
    private static readonly Dictionary<string, string> ContentTypes = new()
    {
        [".css"] = "text/css; charset=utf-8", [".js"] = "text/javascript; charset=utf-8", [".svg"] = "image/svg+xml",
    };

    private readonly ConcurrentDictionary<string, Asset> _assets = new(StringComparer.Ordinal);

    /// <summary>The address of an asset, for example <c>console.css</c>.</summary>
    public string this[string name] => $"{ConsolePaths.Assets}/{name}?v={Get(name).Version}";

    public void Map(IEndpointRouteBuilder routes)
    {
        foreach (var name in typeof(ConsoleAssets).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
            routes.MapGet($"{ConsolePaths.Assets}/{name[Prefix.Length..]}", http => AnswerAsync(http, name[Prefix.Length..]))
                .WithMetadata(RouteAccess.Everybody).ExcludeFromDescription();
    }

    private async Task AnswerAsync(HttpContext http, string name)
    {
        var asset = Get(name);
        var headers = http.Response.Headers;
        headers.CacheControl = http.Request.Query["v"] == asset.Version ? "public, max-age=31536000, immutable" : "no-cache";
        headers.ETag = $"\"{asset.Version}\"";
        headers.Vary = HeaderNames.AcceptEncoding;
        headers.XContentTypeOptions = "nosniff";
        if (http.Request.Headers.IfNoneMatch == headers.ETag)
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        http.Response.ContentType = ContentTypes[Path.GetExtension(name)];
        var compressed = http.Request.Headers.AcceptEncoding.ToString().Contains("br", StringComparison.Ordinal);
        if (compressed)
            headers.ContentEncoding = "br";
        var body = compressed ? asset.Compressed.Value : asset.Plain;
        http.Response.ContentLength = body.Length;
        await http.Response.Body.WriteAsync(body);
    }

    private Asset Get(string name) => _assets.GetOrAdd(name, Read);

    private static Asset Read(string name)
    {
        using var stream = typeof(ConsoleAssets).Assembly.GetManifestResourceStream(Prefix + name)
            ?? throw new InvalidOperationException($"The asset {name} is not embedded.");
        var plain = new byte[stream.Length];
        stream.ReadExactly(plain);
        return new Asset(plain, Convert.ToHexStringLower(SHA256.HashData(plain))[..16], new Lazy<byte[]>(() => Compress(plain)));
    }

    private static byte[] Compress(byte[] plain)
    {
        using var buffer = new MemoryStream();
        using (var brotli = new BrotliStream(buffer, CompressionLevel.Optimal))
            brotli.Write(plain);
        return buffer.ToArray();
    }

    private sealed record Asset(byte[] Plain, string Version, Lazy<byte[]> Compressed);
}
