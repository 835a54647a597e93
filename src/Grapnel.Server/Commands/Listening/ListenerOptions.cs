using System.Net;
using Grapnel.Sending.Signing;

namespace Grapnel.Server.Commands.Listening;

/// <summary>What a <see cref="WebhookListener"/> does.</summary>
internal sealed record ListenerOptions
{
    /// <summary>The address it binds to. Default loopback: only this machine reaches it.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>How webhooks are answered.</summary>
    public ListenerRule Rule { get; init; } = new();

    /// <summary>The key that signatures are checked with; null leaves them unchecked.</summary>
    public ReceiverKey? Secret { get; init; }

    /// <summary>Answers for single paths, in place of <see cref="Rule"/>.</summary>
    public IReadOnlyDictionary<string, ListenerRule> PathRules { get; init; } = new Dictionary<string, ListenerRule>();
}

/// <summary>How webhooks to a path are answered.</summary>
internal sealed record ListenerRule
{
    private const int ServiceUnavailable = 503;

    /// <summary>The status of the answer.</summary>
    public int Status { get; init; } = 200;

    /// <summary>The first so many attempts of each message are answered with a failure.</summary>
    public int FailFirst { get; init; }

    /// <summary>How long an answer takes. Default none.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The status for an attempt, 1 being the first. A status that is a failure itself serves as the failure too.</summary>
    public int StatusFor(int attempt) => attempt > FailFirst || Status >= 400 ? Status : ServiceUnavailable;
}
