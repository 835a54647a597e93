using Grapnel.Auditing;
using Grapnel.Sending.Formats;
using Grapnel.Sending.Signing;
using Microsoft.Extensions.Options;

namespace Grapnel.Registry;

/// <summary>The signing secrets of endpoints: reading the current one, and changing it with an overlap.</summary>
internal sealed class EndpointSecrets(EndpointRegistry endpoints, IOptions<DeliveryOptions> options, TimeProvider time)
{
    /// <summary>How long a replaced secret goes on signing unless the caller says otherwise: 24 hours.</summary>
    public static readonly TimeSpan DefaultGrace = TimeSpan.FromHours(24);

    /// <summary>The longest overlap: 7 days.</summary>
    public static readonly TimeSpan MaxGrace = TimeSpan.FromDays(7);

    private const int MaxOldKeys = 10;

    /// <summary>The current secret of an endpoint as its receiver needs it; of an Ed25519 pair that is the public key.</summary>
    public async Task<string> ReadAsync(Id<Application> application, string endpoint, CancellationToken cancellationToken) =>
        ReceiverKey.Of((await endpoints.GetAsync(application, endpoint, cancellationToken)).Secrets[0]).ToText();

    /// <summary>Replaces the current secret; the old one signs too until its grace is over.</summary>
    /// <param name="application">The application.</param>
    /// <param name="endpoint">The endpoint's id or uid.</param>
    /// <param name="secret">The new secret, or null for a random one of the type in <see cref="DeliveryOptions.SignatureType"/>.</param>
    /// <param name="grace">0 to 7 days; null for 24 hours.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="LimitReachedException">Ten old secrets are still in their grace.</exception>
    public Task<Endpoint> RotateAsync(
        Id<Application> application, string endpoint, string? secret, TimeSpan? grace, CancellationToken cancellationToken)
    {
        var check = new InputCheck();
        if (grace < TimeSpan.Zero || grace > MaxGrace)
            check.Add("gracePeriodSeconds", "must lie between 0 and 604800");
        if (secret is not null && !WebhookSecret.TryParse(secret, out _, out var error))
            check.Add("key", error);
        check.ThrowIfAny();
        var given = secret is null ? null : WebhookSecret.Parse(secret);
        return endpoints.UpdateAsync(application, endpoint, current =>
        {
            var replacement = given ?? WebhookSecret.Generate(TypeOf(current.Format, options.Value));
            if (GithubStyle.Is(current.Format) && replacement.Type != SignatureType.Hmac256)
                throw new InvalidInputException("key", "GitHub's style signs with a shared secret (whsec_)");
            return Task.FromResult(current with { Secrets = Rotate(current.Secrets, replacement, grace ?? DefaultGrace) });
        }, cancellationToken, AuditActions.EndpointSecretRotated);
    }

    /// <summary>How an endpoint signs that does not say: as the server does by default, unless its format leaves no choice.</summary>
    public static SignatureType TypeOf(RequestFormat format, DeliveryOptions options) =>
        GithubStyle.Is(format) ? SignatureType.Hmac256 : options.SignatureType;

    private EndpointSecret[] Rotate(IReadOnlyList<EndpointSecret> secrets, EndpointSecret replacement, TimeSpan grace)
    {
        var now = time.GetUtcNow();
        var old = secrets
            .Select(secret => secret with { ExpiresAt = secret.ExpiresAt ?? now + grace })
            .Where(secret => secret.ExpiresAt > now && !IsSame(secret, replacement))
            .ToArray();
        return old.Length <= MaxOldKeys
            ? [replacement, .. old]
            : throw new LimitReachedException($"There are already {MaxOldKeys} old secrets in their grace period; wait until one has expired.");
    }

    private static bool IsSame(EndpointSecret one, EndpointSecret other) => one.Type == other.Type && one.Key.AsSpan().SequenceEqual(other.Key);
}
