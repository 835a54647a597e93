namespace Grapnel.Server.Auth;

/// <summary>Who gets in, beside those with an API key. Section <c>Auth</c>.</summary>
internal sealed class AuthOptions
{
    /// <summary>
    /// The secret of HS256 tokens that the operator signs himself, at least 32 bytes in UTF-8 (RFC 7518, section 3.2). Default none: application
    /// tokens are then signed with a secret that the installation makes for itself, and no others are known.
    /// </summary>
    public string? JwtSecret { get; set; }
}
