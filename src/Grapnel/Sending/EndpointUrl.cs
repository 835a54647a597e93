using System.Diagnostics.CodeAnalysis;
using System.Text;

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
        else if (!Uri.TryCreate(text, UriKind.Absolute, out uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
            error = "An absolute http or https URL is needed.";
        // What an international name means depends on tables that platforms do not share; its ASCII form means the same everywhere.
        else if (!Ascii.IsValid(uri.Host))
            error = "An international host name is needed in its ASCII form, with labels that start with xn--.";
        else if (uri.UserInfo.Length > 0)
            error = "A URL must not carry a user name or password; set an Authorization header instead.";
        else
            error = null;
        return error is null;
    }
}
