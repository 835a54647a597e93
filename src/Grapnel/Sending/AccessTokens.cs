namespace Grapnel.Sending;

/// <summary>
/// The access tokens of endpoints. They outlive the lanes, which come and go with the traffic: an endpoint with an event a minute would otherwise ask for a
/// token with each, and authorization servers limit that, or charge for it. Safe to share between threads.
/// </summary>
/// <param name="http">Makes the exchanges.</param>
/// <param name="defaultTimeout">Limit of an exchange for endpoints that set none.</param>
/// <param name="time">For the end of tokens.</param>
internal sealed class AccessTokens(HttpMessageInvoker http, TimeSpan defaultTimeout, TimeProvider time)
{
    // Beyond that many in force, the others last as long as their lanes.
    private const int Most = 10_000;
    private static readonly TimeSpan TidyEvery = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<Id<Endpoint>, AccessToken> _tokens = [];
    private long _tidiedAt = time.GetTimestamp();

    /// <summary>The token of an endpoint, which is another one once its settings are others; null where it wants none.</summary>
    public AccessToken? Of(Endpoint endpoint)
    {
        var timeout = endpoint.Timeout ?? defaultTimeout;
        lock (_lock)
        {
            if (endpoint.OAuth is { } grant && _tokens.TryGetValue(endpoint.Id, out var known) && known.IsFor(grant, timeout))
                return known;
            _tokens.Remove(endpoint.Id);
            return endpoint.OAuth is { } wanted ? Keep(endpoint.Id, new AccessToken(wanted, http, timeout, time)) : null;
        }
    }

    private AccessToken Keep(Id<Endpoint> endpoint, AccessToken token)
    {
        if (_tokens.Count >= Most && time.GetElapsedTime(_tidiedAt) > TidyEvery)
        {
            _tidiedAt = time.GetTimestamp();
            foreach (var (id, _) in _tokens.Where(pair => !pair.Value.IsInForce).ToList())
                _tokens.Remove(id);
        }
        if (_tokens.Count < Most)
            _tokens.Add(endpoint, token);
        return token;
    }
}
