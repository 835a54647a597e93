using Grapnel.Registry;

namespace Grapnel.Server.Inboxes;

/// <summary>What a test inbox answers.</summary>
/// <param name="Status">The status, 200 to 599.</param>
/// <param name="Delay">How long it waits before it answers, at most <see cref="MaxDelay"/>.</param>
/// <param name="FailFirst">How many of the first attempts of each message get 500 instead, at most <see cref="MaxFailFirst"/>.</param>
public sealed record InboxAnswer(int Status, TimeSpan Delay, int FailFirst)
{
    /// <summary>The longest delay: 30 s, longer than the time limit of an endpoint that sets none.</summary>
    public static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(30);

    /// <summary>The most failures: 10.</summary>
    public const int MaxFailFirst = 10;

    /// <summary>What an inbox answers just now.</summary>
    public static InboxAnswer Of(Inbox inbox) => new(inbox.AnswerStatus, inbox.AnswerDelay, inbox.FailFirst);

    /// <exception cref="InvalidInputException">Something is out of range.</exception>
    public Inbox ApplyTo(Inbox inbox)
    {
        var check = new InputCheck();
        check.Range("status", Status, 200, 599);
        check.Add("delay", Delay >= TimeSpan.Zero && Delay <= MaxDelay ? null : $"must lie between 0 and {MaxDelay.TotalSeconds} seconds");
        check.Range("failFirst", FailFirst, 0, MaxFailFirst);
        check.ThrowIfAny();
        return inbox with { AnswerStatus = Status, AnswerDelay = Delay, FailFirst = FailFirst };
    }
}
