using System.Globalization;

namespace Grapnel.Storage;

/// <summary>
/// What nodes tell each other, so that none has to ask all the time. Signals are quick, and may be lost: whoever listens also looks by itself now and
/// then, and at once after <see cref="Interrupted"/>.
/// </summary>
public interface INodeSignals
{
    /// <summary>Whether signals of others arrive just now.</summary>
    bool IsConnected { get; }

    /// <summary>Tells all other nodes. Neither waits nor fails.</summary>
    void Send(NodeSignal signal);

    /// <summary>Raised for what another node sent, one after the other. Handlers must be quick and must not throw.</summary>
    event Action<NodeSignal>? Received;

    /// <summary>Raised when signals no longer arrive.</summary>
    event Action? Lost;

    /// <summary>Raised when signals arrive again after some may have been lost.</summary>
    event Action? Interrupted;
}

/// <summary>What a signal tells.</summary>
public enum SignalKind
{
    /// <summary>The lane of an endpoint got deliveries; the first of them at the place <see cref="NodeSignal.Number"/>.</summary>
    LaneFilled,

    /// <summary>A delivery of an endpoint, at the place <see cref="NodeSignal.Number"/>, was ended before it was sent.</summary>
    DeliveryEnded,

    /// <summary>The lane of an endpoint was paused (1) or resumed (0) by a person.</summary>
    LanePaused,

    /// <summary>The lane of an endpoint was given back.</summary>
    LaneReleased,

    /// <summary>There are lanes that nobody owns.</summary>
    LanesFree,

    /// <summary>An endpoint of the application <see cref="NodeSignal.Application"/> was added or changed.</summary>
    EndpointChanged,

    /// <summary>An endpoint of the application <see cref="NodeSignal.Application"/> was deleted.</summary>
    EndpointDeleted,

    /// <summary>An application itself was added, changed or deleted.</summary>
    ApplicationChanged,

    /// <summary>Event types were added, changed or deleted.</summary>
    EventTypesChanged,

    /// <summary>Schedules were added, changed or deleted.</summary>
    SchedulesChanged,

    /// <summary>API keys were added, changed or revoked.</summary>
    ApiKeysChanged,

    /// <summary>Application tokens were revoked.</summary>
    TokensRevoked,

    /// <summary>A node needs more of a limit that nodes share, or needs less of one than it had.</summary>
    LimitsShared,
}

/// <summary>One thing that a node tells the others.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Endpoint">The endpoint, where it is about one.</param>
/// <param name="Application">The application, where it is about one.</param>
/// <param name="Number">See <see cref="SignalKind"/>.</param>
public readonly record struct NodeSignal(SignalKind Kind, Id<Endpoint> Endpoint = default, Id<Application> Application = default, long Number = 0)
{
    /// <summary>The signal as text without spaces.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(int)Kind:x}.{Hex(Endpoint.Value)}.{Hex(Application.Value)}.{Number:x}");

    /// <summary>Reads a signal; false for what another version of the program may have sent.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out NodeSignal signal)
    {
        Span<Range> parts = stackalloc Range[5];
        signal = default;
        if (text.Split(parts, '.') != 4
            || !TryHex(text[parts[0]], out var kind) || kind > (int)SignalKind.TokensRevoked
            || !TryHex(text[parts[1]], out var endpoint) || !TryHex(text[parts[2]], out var application) || !TryHex(text[parts[3]], out var number)
            || number > long.MaxValue)
            return false;
        signal = new NodeSignal((SignalKind)(int)kind, new Id<Endpoint>(endpoint), new Id<Application>(application), (long)number);
        return true;
    }

    private static string Hex(UInt128 value) => value == 0 ? "0" : value.ToString("x", CultureInfo.InvariantCulture);

    private static bool TryHex(ReadOnlySpan<char> text, out UInt128 value) =>
        UInt128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
}

/// <summary>The signals of a node that is alone.</summary>
public sealed class NoSignals : INodeSignals
{
    /// <inheritdoc/>
    public bool IsConnected => true;

    /// <inheritdoc/>
    public event Action<NodeSignal>? Received { add { } remove { } }

    /// <inheritdoc/>
    public event Action? Lost { add { } remove { } }

    /// <inheritdoc/>
    public event Action? Interrupted { add { } remove { } }

    /// <inheritdoc/>
    public void Send(NodeSignal signal) { }
}
