using Grapnel.Sending;

namespace Grapnel.Storage;

/// <summary>What thinning asks about an attempt.</summary>
internal readonly record struct OldAttempt(Id<Attempt> Id, Id<Endpoint> EndpointId, bool TellsEnd, SendOutcome Outcome, bool HasContent);

/// <summary>
/// Which attempts of a message are thinned. What lists, details and replays say of a delivery they read from its first attempt, from the last, and from those
/// that ended it or succeeded; so these stay.
/// </summary>
internal sealed class OldAttempts
{
    // When a delivery that is still pending will end nobody knows.
    private const long PendingLookMs = 3_600_000;

    /// <summary>Those to remove.</summary>
    public List<Id<Attempt>> Removed { get; } = [];

    /// <summary>Those that stay and lose the answer and the headers.</summary>
    public List<Id<Attempt>> Emptied { get; } = [];

    /// <summary>When the message has to be looked at again, in Unix milliseconds; null when that is not needed.</summary>
    public long? LookAt { get; private set; }

    /// <summary>Decides.</summary>
    /// <param name="attempts">All attempts of the message, by id.</param>
    /// <param name="pending">The endpoints at which something of it is pending.</param>
    /// <param name="before">Attempts from before this time are old.</param>
    /// <param name="now">The time it is.</param>
    public static OldAttempts Of(
        IReadOnlyCollection<OldAttempt> attempts, IReadOnlySet<Id<Endpoint>> pending, DateTimeOffset before, DateTimeOffset now)
    {
        var decided = new OldAttempts { LookAt = pending.Count > 0 ? now.ToUnixTimeMilliseconds() + PendingLookMs : null };
        foreach (var endpoint in attempts.GroupBy(attempt => attempt.EndpointId).Where(endpoint => !pending.Contains(endpoint.Key)))
            decided.Add([.. endpoint], Id<Attempt>.FirstAt(before), now - before);
        return decided;
    }

    private void Add(List<OldAttempt> attempts, Id<Attempt> end, TimeSpan age)
    {
        for (var i = 0; i < attempts.Count; i++)
        {
            var (id, _, tellsEnd, outcome, hasContent) = attempts[i];
            if (id.CompareTo(end) >= 0)
                LookAt = Math.Min(LookAt ?? long.MaxValue, (id.Timestamp + age).ToUnixTimeMilliseconds() + 1);
            else if (i > 0 && i < attempts.Count - 1 && !tellsEnd && outcome != SendOutcome.Success)
                Removed.Add(id);
            else if (hasContent)
                Emptied.Add(id);
        }
    }
}
