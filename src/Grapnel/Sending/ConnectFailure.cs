namespace Grapnel.Sending;

/// <summary>A connection that <see cref="GuardedConnect"/> did not make, already judged.</summary>
/// <param name="outcome">What happened.</param>
/// <param name="message">A sentence for people, without addresses.</param>
/// <param name="inner">The cause, if any.</param>
internal sealed class ConnectFailure(SendOutcome outcome, string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>What happened.</summary>
    public SendOutcome Outcome => outcome;
}
