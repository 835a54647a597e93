using System.Text.Json;
using Grapnel.Sending.Signing;

namespace Grapnel.Receiving;

/// <summary>How webhooks of one route are received.</summary>
public sealed class WebhookReceiverOptions
{
    /// <summary>
    /// The endpoint's secrets, <c>whsec_...</c>, or public keys, <c>whpk_...</c> (see <see cref="VerifyEd25519"/>). A signature by any of them is enough, so
    /// that the old and the new secret can stand here while one is replaced. At least one.
    /// </summary>
    public IList<string> Secrets { get; init; } = [];

    /// <summary>How far <c>webhook-timestamp</c> may be from now, to either side. Default 5 minutes.</summary>
    public TimeSpan Tolerance { get; set; } = SignatureCheck.DefaultTolerance;

    /// <summary>Most bytes of a body, up to 1 GiB; longer ones are answered with 413. Default 1 MiB.</summary>
    public int MaxBodyBytes { get; set; } = 1 << 20;

    /// <summary>
    /// What keeps a handler from running twice for the same webhook. Default: the <see cref="IWebhookInbox"/> among the services of the request, and if there
    /// is none, a <see cref="MemoryWebhookInbox"/> of the route.
    /// </summary>
    public IWebhookInbox? Inbox { get; set; }

    /// <summary>Verifies signatures <c>v1a</c> with a library of yours; needed only where a public key is among <see cref="Secrets"/>.</summary>
    public Ed25519Verifier? VerifyEd25519 { get; set; }

    /// <summary>How a body becomes the type of a handler. Default: the rules of the web, as <see cref="JsonSerializerOptions.Web"/>.</summary>
    public JsonSerializerOptions Json { get; set; } = JsonSerializerOptions.Web;

    /// <summary>The clock. Default: the <see cref="System.TimeProvider"/> among the services, and if there is none, the system's.</summary>
    public TimeProvider? TimeProvider { get; set; }
}
