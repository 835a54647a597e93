namespace Grapnel.Server.Console.Portal;

/// <summary>What the portal looks like, and where it may be shown. Section <c>Portal</c>.</summary>
internal sealed class PortalOptions
{
    /// <summary>Origins of pages that may show the portal in an iframe, for example <c>https://app.example.com</c>. Default none: no page may.</summary>
    public IList<string> FrameOrigins { get; set; } = [];

    /// <summary>Your name, up to 64 characters, which stands where the console says Grapnel. Default none: the application's name.</summary>
    public string? Name { get; set; }

    /// <summary>Your logo: an https URL, or a path at this server's address. Default none: the first letter of the name.</summary>
    public string? LogoUrl { get; set; }

    /// <summary>Your colour, as <c>#rrggbb</c>; darkened or lightened as far as text in it must be to be read. Default none: that of the console.</summary>
    public string? Colour { get; set; }
}
