using System.Security.Cryptography;

namespace Grapnel.Registry;

/// <summary>The signing secrets of endpoints: reading the current one, and changing it with an overlap.</summary>
internal sealed class EndpointSecrets(EndpointRegistry endpoints, TimeProvider time)
{
    /// <summary>How long a replaced secret goes on signing unless the caller says otherwise: 24 hours.</summary>
    public static readonly TimeSpan DefaultGrace = TimeSpan.FromHours(24);

    /// <summary>The longest overlap: 7 days.</summary>
    public static readonly TimeSpan MaxGrace = TimeSpan.FromDays(7);

    private const int MinKeyBytes = 24;
    private const int MaxKeyBytes = 64;
    private const int NewKeyBytes = 32;
    private const int MaxOldKeys = 10;

    /// <summary>The current secret of an endpoint as its receiver needs it.</summary>
    public async Task<string> ReadAsync(Id<Application> application, string endpoint, CancellationToken cancellationToken) =>
        Format((await endpoints.GetAsync(application, endpoint, cancellationToken)).Secrets[0].Key);

    /// <summary>Replaces the current secret; the old one signs too until its grace is over.</summary>
    /// <param name="application">The application.</param>
    /// <param name="endpoint">The endpoint's id or uid.</param>
    /// <param name="secret">The new secret, or null for a random one.</param>
    /// <param name="grace">0 to 7 days; null for 24 hours.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="LimitReachedException">Ten old secrets are still in their grace.</exception>
    public Task<Endpoint> RotateAsync(
        Id<Application> application, string endpoint, string? secret, TimeSpan? grace, CancellationToken cancellationToken)
    {
        var check = new InputCheck();
        if (grace < TimeSpan.Zero || grace > MaxGrace)
            check.Add("gracePeriodSeconds", "must lie between 0 and 604800");
        if (secret is not null)
            Check(check, "key", secret);
        check.ThrowIfAny();
        var key = ReadOrMake(secret);
        return endpoints.UpdateAsync(application, endpoint,
            current => Task.FromResult(current with { Secrets = Rotate(current.Secrets, key, grace ?? DefaultGrace) }), cancellationToken);
    }

    internal static void Check(InputCheck check, string field, string secret)
    {
        if (Decode(secret) is null)
            check.Add(field, $"must be '{EndpointSecret.Prefix}' and the base64 of {MinKeyBytes} to {MaxKeyBytes} bytes");
    }

    internal static byte[] ReadOrMake(string? secret) =>
        secret is null ? RandomNumberGenerator.GetBytes(NewKeyBytes) : Decode(secret) ?? throw new ArgumentException("Not checked.", nameof(secret));

    internal static string Format(byte[] key) => EndpointSecret.Prefix + Convert.ToBase64String(key);

    private static byte[]? Decode(string secret)
    {
        if (!secret.StartsWith(EndpointSecret.Prefix, StringComparison.Ordinal) || secret.Length > 200)
            return null;
        var key = new byte[secret.Length];
        var fits = Convert.TryFromBase64String(secret[EndpointSecret.Prefix.Length..], key, out var length)
            && length is >= MinKeyBytes and <= MaxKeyBytes;
        return fits ? key[..length] : null;
    }

    private EndpointSecret[] Rotate(IReadOnlyList<EndpointSecret> secrets, byte[] key, TimeSpan grace)
    {
        var now = time.GetUtcNow();
        var old = secrets
            .Select(secret => secret with { ExpiresAt = secret.ExpiresAt ?? now + grace })
            .Where(secret => secret.ExpiresAt > now && !secret.Key.AsSpan().SequenceEqual(key))
            .ToArray();
        return old.Length <= MaxOldKeys
            ? [new EndpointSecret(key, ExpiresAt: null), .. old]
            : throw new LimitReachedException($"There are already {MaxOldKeys} old secrets in their grace period; wait until one has expired.");
    }
}
