using System.Threading.RateLimiting;
using Grapnel.Server.Api;

namespace Grapnel.Server.Auth;

/// <summary>How many requests callers may make: token buckets, one per API key, and one per application for all its tokens.</summary>
internal sealed class RequestLimits(ApiOptions options) : IDisposable
{
    private readonly PartitionedRateLimiter<string>? _keys = options.RequestsPerSecond > 0 ? Create(options.RequestsPerSecond) : null;

    // A limiter has a timer, which is nothing to run where there are no tokens.
    private readonly Lazy<PartitionedRateLimiter<string>>? _tokens =
        options.TokenRequestsPerSecond > 0 ? new(() => Create(options.TokenRequestsPerSecond)) : null;

    /// <summary>Whether this request is one too many, and how long to wait.</summary>
    /// <param name="caller">Who makes it.</param>
    /// <param name="own">The application that it speaks for, or null.</param>
    /// <param name="wait">The time until one more is allowed.</param>
    public bool Refuse(Caller caller, Application? own, out TimeSpan wait)
    {
        wait = default;
        var isApplicationToken = caller.Token is not null && own is not null;
        if ((isApplicationToken ? _tokens?.Value : _keys) is not { } limiter)
            return false;
        using var lease = limiter.AttemptAcquire(isApplicationToken ? own!.Id.ToString() : caller.Id);
        lease.TryGetMetadata(MetadataName.RetryAfter, out wait);
        return !lease.IsAcquired;
    }

    public void Dispose()
    {
        _keys?.Dispose();
        if (_tokens is { IsValueCreated: true })
            _tokens.Value.Dispose();
    }

    private static PartitionedRateLimiter<string> Create(int perSecond) => PartitionedRateLimiter.Create<string, string>(name =>
        RateLimitPartition.GetTokenBucketLimiter(name, _ => new TokenBucketRateLimiterOptions
        {
            TokensPerPeriod = perSecond, ReplenishmentPeriod = TimeSpan.FromSeconds(1), TokenLimit = 2 * perSecond, QueueLimit = 0,
        }));
}
