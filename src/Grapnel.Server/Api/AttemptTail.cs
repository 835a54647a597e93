using System.Threading.Channels;
using Grapnel.Dispatching;

namespace Grapnel.Server.Api;

/// <summary>What one listener of the tail wants to see; null members do not filter.</summary>
/// <param name="Application">Of this application.</param>
/// <param name="Endpoint">Of this endpoint.</param>
/// <param name="Succeeded">Only successes, or only failures.</param>
/// <param name="EventTypes">Of messages of these event types.</param>
/// <param name="Channel">Of messages on this channel.</param>
/// <param name="Tag">Of messages with this tag.</param>
internal sealed record TailFilter(
    Id<Application> Application, Id<Endpoint>? Endpoint, bool? Succeeded, IReadOnlyList<string>? EventTypes, string? Channel, string? Tag)
{
    public bool Takes(in SettledAttempt settled)
    {
        var (attempt, message) = (settled.Settlement.Attempt, settled.Delivery.Message);
        return attempt.ApplicationId == Application
            && (Endpoint is null || attempt.EndpointId == Endpoint)
            && (Succeeded is null || (attempt.Outcome == Sending.SendOutcome.Success) == Succeeded)
            && (EventTypes is null || EventTypes.Contains(message.EventType))
            && (Channel is null || message.Channels?.Contains(Channel) == true)
            && (Tag is null || message.Tags?.Contains(Tag) == true);
    }
}

/// <summary>
/// One listener of the tail: attempts as they become durable, behind a bounded buffer. The settler never waits for a listener: what finds no room
/// is dropped and counted. Without a listener nothing is attached to the engine, and nothing is spent.
/// </summary>
internal sealed class AttemptTail : IDisposable
{
    /// <summary>Attempts that wait for the reader. Each holds at most 16 KiB of an answer.</summary>
    public const int Capacity = 256;

    private readonly Channel<(Attempt Attempt, Message Message)> _waiting =
        Channel.CreateBounded<(Attempt, Message)>(new BoundedChannelOptions(Capacity) { SingleReader = true });

    private readonly Dispatcher _dispatcher;
    private readonly TailFilter _filter;
    private int _dropped;

    /// <summary>Begins to listen.</summary>
    public AttemptTail(Dispatcher dispatcher, TailFilter filter)
    {
        _dispatcher = dispatcher;
        _filter = filter;
        dispatcher.Outcomes += OnOutcome;
    }

    /// <summary>Attempts with their messages, which have no payload here.</summary>
    public ChannelReader<(Attempt Attempt, Message Message)> Attempts => _waiting.Reader;

    /// <summary>How many attempts found no room since this was last asked.</summary>
    public int TakeDropped() => Interlocked.Exchange(ref _dropped, 0);

    public void Dispose() => _dispatcher.Outcomes -= OnOutcome;

    internal void OnOutcome(SettledAttempt settled)
    {
        // The payload may be large; the reader does not get it, so it must not wait here.
        if (_filter.Takes(settled) && !_waiting.Writer.TryWrite((settled.Settlement.Attempt, settled.Delivery.Message with { Payload = null })))
            Interlocked.Increment(ref _dropped);
    }
}
