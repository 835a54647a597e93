using System.Collections.Concurrent;
using Grapnel.Registry;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Grapnel.Server.Auth;

/// <summary>
/// Issues application tokens and recognises tokens: JWTs (RFC 7519) that are signed with HS256 and nothing else. Whether one was revoked is
/// not judged here, nor whether its application is still there.
/// </summary>
internal sealed class Tokens(TokenSecret secret, IdGenerator ids, TimeProvider time)
{
    private const string Issuer = "grapnel";
    private const string OwnOrganisation = "org_grapnel";
    private const int MaxKnown = 1_000;

    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly ConcurrentDictionary<string, Token> _known = new(SecretComparer.Instance);

    /// <summary>Whether a text may be a token at all: a JSON object in base64url, and two dots behind it.</summary>
    public static bool LooksLikeOne(ReadOnlySpan<char> text) => text.StartsWith("eyJ") && text.Count('.') == 2;

    /// <summary>The token of that text; null when it was not signed here, or does not hold now.</summary>
    public async ValueTask<Token?> FindAsync(string text, CancellationToken cancellationToken)
    {
        if (!_known.TryGetValue(text, out var token) && (token = await ReadAsync(text, cancellationToken)) is not null)
            Remember(text, token);
        return token?.HoldsAt(time.GetUtcNow()) == true ? token : null;
    }

    /// <summary>Issues a token for an application.</summary>
    public async Task<string> IssueAsync(Id<Application> application, TokenGrant grant, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var claims = new Dictionary<string, object>
        {
            [TokenReader.Organisation] = OwnOrganisation,
            [JwtRegisteredClaimNames.Sub] = application.ToString(),
            [JwtRegisteredClaimNames.Jti] = ids.Next<Token>().ToString(),
            [TokenReader.FeatureFlags] = grant.FeatureFlags,
        };
        if (grant.Capabilities is not null)
            claims[TokenReader.Capabilities] = grant.Capabilities;
        if (grant.Session is not null)
            claims[TokenReader.Session] = grant.Session;
        return Handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer, Claims = claims, IssuedAt = now.UtcDateTime, Expires = (now + grant.Lifetime).UtcDateTime,
            SigningCredentials = new SigningCredentials(await secret.KeyAsync(cancellationToken), SecurityAlgorithms.HmacSha256),
        });
    }

    private async Task<Token?> ReadAsync(string text, CancellationToken cancellationToken)
    {
        var result = await Handler.ValidateTokenAsync(text, new TokenValidationParameters
        {
            IssuerSigningKey = await secret.KeyAsync(cancellationToken),
            ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
            ValidateIssuer = false,
            ValidateAudience = false,
            // With the injected clock, and for every request: see Token.HoldsAt.
            ValidateLifetime = false,
        });
        try
        {
            return result is { IsValid: true, SecurityToken: JsonWebToken jwt } ? TokenReader.Read(jwt) : null;
        }
        catch (Exception e) when (e is SecurityTokenException or ArgumentException)
        {
            return null;
        }
    }

    private void Remember(string text, Token token)
    {
        if (_known.Count >= MaxKnown)
            _known.Clear();
        _known[text] = token;
    }
}

/// <summary>What a new application token gives.</summary>
internal sealed record TokenGrant
{
    /// <summary>How long it holds.</summary>
    public required TimeSpan Lifetime { get; init; }

    /// <summary>Feature flags: event types that carry flags are visible to tokens that carry one of them.</summary>
    public required IReadOnlyList<string> FeatureFlags { get; init; }

    /// <summary>What it may do, by names of Svix; null for all that a token can.</summary>
    public IReadOnlyList<string>? Capabilities { get; init; }

    /// <summary>A session to revoke it with, or null.</summary>
    public string? Session { get; init; }
}
