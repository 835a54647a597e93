using Grapnel.Publishing.Filters;

namespace Grapnel.Publishing;

/// <summary>What routing decided for one kind of message.</summary>
public sealed class RoutePlan
{
    private readonly IReadOnlyDictionary<Id<Endpoint>, PayloadFilter>? _filters;

    internal RoutePlan(
        IReadOnlyList<Endpoint> endpoints, IReadOnlyDictionary<Id<Endpoint>, PayloadFilter>? filters, string eventType,
        IReadOnlyList<string>? channels) : this(endpoints.Select(e => new RouteDecision(e, Router.Decide(e, eventType, channels))))
    {
        // Whoever is owed nothing has no say: without a filter among the others the payload is never looked at.
        if (filters is not null && Owed.Any(filters.ContainsKey))
            _filters = filters;
    }

    private RoutePlan(IEnumerable<RouteDecision> decisions)
    {
        Decisions = [.. decisions];
        Owed = [.. Decisions.Where(d => d.Owed).Select(d => d.Endpoint.Id)];
    }

    /// <summary>One decision per endpoint of the application, in order of endpoint id.</summary>
    public IReadOnlyList<RouteDecision> Decisions { get; }

    /// <summary>The endpoints that are owed the message.</summary>
    public IReadOnlyList<Id<Endpoint>> Owed { get; }

    /// <summary>A plan for a message that is addressed to one endpoint, whatever that subscribed to.</summary>
    internal static RoutePlan Addressed(Endpoint endpoint) =>
        new([new RouteDecision(endpoint, endpoint.EventTypes is null ? RouteReason.AllEventTypes : RouteReason.EventTypeSubscribed)]);

    /// <summary>The plan for one payload: endpoints whose filter it does not pass are not owed it.</summary>
    internal RoutePlan For(ReadOnlyMemory<byte> payload) => _filters is null ? this : Filtered(payload, _filters);

    private RoutePlan Filtered(ReadOnlyMemory<byte> payload, IReadOnlyDictionary<Id<Endpoint>, PayloadFilter> filters)
    {
        using var json = PayloadFilter.ReadPayload(payload);
        var filtered = new RoutePlan(Decisions.Select(d =>
            d.Owed && filters.TryGetValue(d.Endpoint.Id, out var filter) && (json is null || !filter.Matches(json.RootElement))
                ? d with { Reason = RouteReason.FilterRejected }
                : d));
        return filtered.Owed.Count == Owed.Count ? this : filtered;
    }
}
