using System.Security.Cryptography;
using System.Text;
using Grapnel.Server.Auth;

namespace Grapnel.Server.Console.Portal;

/// <summary>The operator's name, logo and colour, as the portal's pages show them. The colour comes as a stylesheet of its own, so that no page needs a style that its policy would have to allow.</summary>
internal sealed class PortalLook
{
    private const string Path = ConsolePaths.Assets + "/portal.css";
    private readonly byte[] _stylesheet;
    private readonly string _version;

    public PortalLook(PortalOptions options)
    {
        (Name, LogoUrl) = (string.IsNullOrWhiteSpace(options.Name) ? null : options.Name.Trim(), options.LogoUrl);
        _stylesheet = options.Colour is { } colour ? Encoding.UTF8.GetBytes(PortalColours.Stylesheet(colour)) : [];
        _version = Convert.ToHexStringLower(SHA256.HashData(_stylesheet))[..16];
        Stylesheet = options.Colour is null ? null : $"{Path}?v={_version}";
    }

    /// <summary>The operator's name, or null.</summary>
    public string? Name { get; }

    /// <summary>Where the logo is, or null.</summary>
    public string? LogoUrl { get; }

    /// <summary>Where the stylesheet with the colour is; null when the console's own does.</summary>
    public string? Stylesheet { get; }

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet(Path, AnswerAsync).WithMetadata(RouteAccess.Everybody).ExcludeFromDescription();

    private async Task AnswerAsync(HttpContext http)
    {
        // A page may be of a node with another colour, while nodes are replaced one by one: what is answered at its address is not what belongs there.
        http.Response.Headers.CacheControl = http.Request.Query["v"] == _version ? "public, max-age=31536000, immutable" : "no-cache";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.ContentType = "text/css; charset=utf-8";
        await http.Response.Body.WriteAsync(_stylesheet);
    }
}
