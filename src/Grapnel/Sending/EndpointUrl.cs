using System.Diagnostics.CodeAnalysis;

namespace Grapnel.Sending;

/// <summary>The form that an endpoint's URL must have, whatever it leads to.</summary>
internal static class EndpointUrl
{
    /// <summary>Reads a URL; when it does not fit, says why in a sentence for the caller.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out Uri? uri, [NotNullWhen(false)] out string? error)
    {
        uri = null;
        // The parser trims and escapes what it does not like; a URL is to be used as it is shown, or not at all.
        if (text is null || text.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
            error = "A URL is needed, without spaces and control characters.";
        else if (!Uri.TryCreate(text, UriKind.Absolute, out uri) || uri.Scheme is not ("http" or "https") || !HasHost(uri))
            error = "An absolute http or https URL with a valid host is needed.";
        else if (uri.UserInfo.Length > 0)
            error = "A URL must not carry a user name or password; set an Authorization header instead.";
        else
            error = null;
        return error is null;
    }

    /// <summary>International names are turned into ASCII only here, and not every one that parses can be.</summary>
    private static bool HasHost(Uri uri)
    {
        try
        {
            return uri.IdnHost.Length > 0;
        }
        catch (UriFormatException)
        {
            return false;
        }
    }
}
