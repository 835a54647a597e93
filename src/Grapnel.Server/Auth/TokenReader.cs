using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Grapnel.Server.Auth;

/// <summary>
/// What the claims of a JWT (RFC 7519) mean, in the form that Svix gave them: <c>sub</c> is an organisation (<c>org_…</c>), and the token counts
/// for the whole installation; or there is an <c>org</c> as well, and <c>sub</c> is an application. All organisations are this one installation.
/// </summary>
internal static class TokenReader
{
    public const string Organisation = "org";
    public const string FeatureFlags = "feature_flags";
    public const string Capabilities = "capabilities";
    public const string Session = "session";
    private const string OrganisationPrefix = "org_";
    private static readonly long LastSecond = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    /// <summary>The token, or null when its claims make none.</summary>
    public static Token? Read(JsonWebToken jwt)
    {
        if (jwt.Subject is not { Length: > 0 } subject)
            return null;
        var isForApplication = jwt.TryGetPayloadValue<string>(Organisation, out _);
        if (!isForApplication && !subject.StartsWith(OrganisationPrefix, StringComparison.Ordinal))
            return null;
        return new Token
        {
            Id = IdOf(jwt),
            Rights = isForApplication ? RightsNames.Of(Texts(jwt, Capabilities)) : Rights.All,
            Application = isForApplication ? subject : null,
            FeatureFlags = isForApplication ? Texts(jwt, FeatureFlags) ?? [] : null,
            Session = jwt.TryGetPayloadValue<string>(Session, out var session) ? session : null,
            IssuedAt = IssuedAt(jwt),
            NotBefore = Time(jwt, JwtRegisteredClaimNames.Nbf),
            ExpiresAt = Time(jwt, JwtRegisteredClaimNames.Exp),
        };
    }

    // The signature can be spelt in more than one way, and what stands before it in one only.
    private static string IdOf(JsonWebToken jwt) =>
        Token.IdPrefix + Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes($"{jwt.EncodedHeader}.{jwt.EncodedPayload}")));

    /// <summary>To the millisecond for tokens of our own, whose id tells it; to the second, rounded down, for others.</summary>
    private static DateTimeOffset IssuedAt(JsonWebToken jwt) =>
        Id<Token>.TryParse(jwt.Id, out var id) ? id.Timestamp : Time(jwt, JwtRegisteredClaimNames.Iat) ?? DateTimeOffset.MinValue;

    private static DateTimeOffset? Time(JsonWebToken jwt, string claim)
    {
        if (jwt.TryGetPayloadValue<long>(claim, out var seconds))
            return DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(seconds, 0, LastSecond));
        return jwt.TryGetPayloadValue<object>(claim, out _) ? throw new SecurityTokenException($"'{claim}' is no time.") : null;
    }

    private static IReadOnlyList<string>? Texts(JsonWebToken jwt, string claim)
    {
        if (jwt.TryGetPayloadValue<string[]>(claim, out var texts))
            return texts;
        return jwt.TryGetPayloadValue<object>(claim, out _) ? throw new SecurityTokenException($"'{claim}' is no list.") : null;
    }
}
