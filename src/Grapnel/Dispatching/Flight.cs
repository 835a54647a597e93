using Grapnel.Sending;

namespace Grapnel.Dispatching;

/// <summary>One attempt on its way: the delivery, its lane, and later what came of it.</summary>
internal sealed class Flight(Dispatcher dispatcher, Lane lane, Delivery delivery) : IThreadPoolWorkItem
{
    public Lane Lane { get; } = lane;

    public Delivery Delivery { get; } = delivery;

    /// <summary>The endpoint's settings that the attempt was made with.</summary>
    public Endpoint Endpoint { get; } = lane.Endpoint;

    public PreparedEndpoint Prepared { get; } = lane.Prepared;

    /// <summary>What came of it; set when the exchange is over.</summary>
    public Verdict Verdict { get; set; }

    /// <summary>The attempt and what it makes of the delivery; set when the exchange is over.</summary>
    public Storage.Settlement? Settlement { get; set; }

    /// <summary>The endpoint's health afterwards where it changed, else null.</summary>
    public Storage.EndpointHealth? Health { get; set; }

    /// <summary>Why the endpoint is to be disabled because of it, or null.</summary>
    public EndpointDisabledReason? Disables { get; set; }

    /// <summary>Whether it was this one that disabled it.</summary>
    public bool HasDisabled { get; set; }

    public void Execute() => _ = dispatcher.RunAsync(this);
}
