namespace Grapnel.Sending;

/// <summary>What one exchange came to. The network never throws into the engine; it returns this.</summary>
/// <param name="Outcome">What happened.</param>
/// <param name="StatusCode">The HTTP status, or 0.</param>
/// <param name="Duration">From start to end, connecting included.</param>
/// <param name="ResponseBody">At most the first 16 KiB of the response body.</param>
/// <param name="RetryAfter">The pause that the receiver asked for by <c>Retry-After</c> (RFC 9110, 10.2.3), not yet capped; null when absent or not understood.</param>
/// <param name="Error">A sentence for people when there was no usable answer.</param>
/// <param name="Headers">The headers of both directions as <see cref="AttemptHeaders"/> unpacks them; empty when nothing was sent.</param>
public readonly record struct SendResult(
    SendOutcome Outcome,
    int StatusCode,
    TimeSpan Duration,
    ReadOnlyMemory<byte> ResponseBody = default,
    TimeSpan? RetryAfter = null,
    string? Error = null,
    ReadOnlyMemory<byte> Headers = default)
{
    /// <summary>Whose fault it is.</summary>
    public Blame Blame => Outcome switch
    {
        SendOutcome.Success or SendOutcome.Abandoned => Blame.Nobody,
        SendOutcome.Blocked or SendOutcome.RequestInvalid => Blame.Settings,
        _ => Blame.Receiver,
    };
}
