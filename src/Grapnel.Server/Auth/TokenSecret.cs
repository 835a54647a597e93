using System.Security.Cryptography;
using System.Text;
using Grapnel.Storage;
using Microsoft.IdentityModel.Tokens;

namespace Grapnel.Server.Auth;

/// <summary>What tokens are signed with: the secret that the operator set, or one that is made when it is first needed, and stored.</summary>
internal sealed class TokenSecret(AuthOptions options, ICatalogStore store)
{
    private const string Name = "application-tokens";
    private const int Bytes = 32;
    private volatile SymmetricSecurityKey? _key;

    /// <summary>Whether the operator signs tokens himself, whose lifetime nobody here knows.</summary>
    public bool IsShared => options.JwtSecret is not null;

    /// <summary>The key for HS256.</summary>
    public async ValueTask<SymmetricSecurityKey> KeyAsync(CancellationToken cancellationToken) =>
        _key ??= new SymmetricSecurityKey(options.JwtSecret is { } text ? Encoding.UTF8.GetBytes(text) : await EnsureAsync(cancellationToken));

    /// <summary>Whether somebody shows the secret itself, where a token that is signed with it was meant.</summary>
    public bool Is(ReadOnlySpan<char> presented) => options.JwtSecret is { } text && Registry.SecretComparer.Instance.Equals(presented, text);

    private async Task<byte[]> EnsureAsync(CancellationToken cancellationToken) =>
        (await store.EnsureSecretAsync(new InstallationSecret(Name, RandomNumberGenerator.GetBytes(Bytes)), cancellationToken)).Value;
}
