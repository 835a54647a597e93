using Grapnel.History;

namespace Grapnel.Server.Inboxes;

/// <summary>Tells a page that an inbox it shows caught something. What tells of messages does not tell that: requests come from anywhere.</summary>
internal sealed class InboxWatch : IDisposable
{
    private readonly InboxRegistry _inboxes;
    private readonly Func<Id<Inbox>, bool> _isShown;

    /// <summary>Begins to watch.</summary>
    /// <param name="inboxes">The inboxes.</param>
    /// <param name="isShown">Whether the page shows this one; called from any thread.</param>
    /// <param name="time">The clock.</param>
    public InboxWatch(InboxRegistry inboxes, Func<Id<Inbox>, bool> isShown, TimeProvider time)
    {
        (_inboxes, _isShown, Signal) = (inboxes, isShown, new ChangeSignal(time));
        _inboxes.Caught += OnCaught;
    }

    /// <summary>Raised with every request that was caught.</summary>
    public ChangeSignal Signal { get; }

    public void Dispose() => _inboxes.Caught -= OnCaught;

    private void OnCaught(Id<Inbox> inbox)
    {
        if (_isShown(inbox))
            Signal.Raise();
    }
}
