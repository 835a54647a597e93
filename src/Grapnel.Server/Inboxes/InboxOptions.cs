namespace Grapnel.Server.Inboxes;

/// <summary>Test inboxes: URLs on this server that catch webhooks. Section <c>Inbox</c>.</summary>
internal sealed class InboxOptions
{
    /// <summary>Whether there are test inboxes. They are open to everybody who knows their URL. Default no; <c>grapnel demo</c> has them.</summary>
    public bool Enabled { get; set; }

    /// <summary>The most inboxes, over all applications. Default 20; 1 to 1,000.</summary>
    public int MaxInboxes { get; set; } = 20;

    /// <summary>Requests that each inbox keeps; the oldest make way. Default 100; 1 to 1,000.</summary>
    public int KeepRequests { get; set; } = 100;

    /// <summary>Most bytes of a body that are kept; what is longer is cut off. Default 256 KiB; 1 KiB to 4 MiB.</summary>
    public int MaxBodyBytes { get; set; } = 256 * 1024;
}
