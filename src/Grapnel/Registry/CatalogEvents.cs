using Grapnel.Storage;

namespace Grapnel.Registry;

/// <summary>
/// Tells the rest of the process what changed in the catalog, after the change is durable. Whoever caches something of the catalog listens
/// here; a back-end with several nodes raises the same events for what another node changed. Handlers must be quick and must not throw.
/// </summary>
public sealed class CatalogEvents
{
    /// <summary>Something that routing depends on changed in an application: its endpoints, or itself.</summary>
    public event Action<Id<Application>>? RoutesChanged;

    /// <summary>The rate limit of an application changed; null: it has none any more.</summary>
    public event Action<Id<Application>, int?>? RateLimitChanged;

    /// <summary>An endpoint was added or changed.</summary>
    public event Action<Endpoint>? EndpointChanged;

    /// <summary>An endpoint was deleted.</summary>
    public event Action<Id<Endpoint>>? EndpointDeleted;

    /// <summary>The same, with the application it belonged to.</summary>
    internal event Action<Id<Application>, Id<Endpoint>>? EndpointGone;

    /// <summary>An application itself was added, changed or deleted.</summary>
    internal event Action<Id<Application>>? ApplicationChanged;

    /// <summary>A person paused the lane of an endpoint (true), or had it go on.</summary>
    public event Action<Id<Endpoint>, bool>? LanePaused;

    /// <summary>Somebody added, edited or deleted an endpoint at this very node. Unlike the others it is not raised for what another node did.</summary>
    internal event Action<EndpointEdit>? EndpointEdited;

    /// <summary>Event types were added, changed or deleted.</summary>
    public event Action? EventTypesChanged;

    /// <summary>Schedules were added, changed or deleted.</summary>
    public event Action? SchedulesChanged;

    /// <summary>API keys were added, changed or revoked.</summary>
    public event Action? ApiKeysChanged;

    /// <summary>Application tokens were revoked.</summary>
    public event Action<IReadOnlyList<TokenRevocation>>? TokensRevoked;

    internal void OnRoutesChanged(Id<Application> id) => RoutesChanged?.Invoke(id);

    internal void OnRateLimitChanged(Id<Application> id, int? rate) => RateLimitChanged?.Invoke(id, rate);

    internal void OnEndpointChanged(Endpoint endpoint)
    {
        RoutesChanged?.Invoke(endpoint.ApplicationId);
        EndpointChanged?.Invoke(endpoint);
    }

    // Of an endpoint that another node deleted it may not be known whose it was.
    internal void OnEndpointDeleted(Id<Application>? application, Id<Endpoint> id)
    {
        if (application is { } owner)
        {
            RoutesChanged?.Invoke(owner);
            EndpointGone?.Invoke(owner, id);
        }
        EndpointDeleted?.Invoke(id);
    }

    internal void OnApplicationChanged(Id<Application> id)
    {
        RoutesChanged?.Invoke(id);
        ApplicationChanged?.Invoke(id);
    }

    internal void OnLanePaused(Id<Endpoint> id, bool paused) => LanePaused?.Invoke(id, paused);

    internal void OnEndpointEdited(EndpointEdit edit) => EndpointEdited?.Invoke(edit);

    internal void OnEventTypesChanged() => EventTypesChanged?.Invoke();

    internal void OnSchedulesChanged() => SchedulesChanged?.Invoke();

    internal void OnApiKeysChanged() => ApiKeysChanged?.Invoke();

    internal void OnTokensRevoked(IReadOnlyList<TokenRevocation> revocations) => TokensRevoked?.Invoke(revocations);
}

/// <summary>What somebody did to an endpoint.</summary>
/// <param name="Before">The endpoint before; null when it is new.</param>
/// <param name="After">The endpoint afterwards; null when it was deleted.</param>
/// <param name="At">When.</param>
internal sealed record EndpointEdit(Endpoint? Before, Endpoint? After, DateTimeOffset At);
