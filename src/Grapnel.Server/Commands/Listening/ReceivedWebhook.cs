namespace Grapnel.Server.Commands.Listening;

/// <summary>One request that a <see cref="WebhookListener"/> has answered.</summary>
/// <param name="At">When it arrived.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">The path, without the query.</param>
/// <param name="Id">The header <c>webhook-id</c>, or null.</param>
/// <param name="EventType">The member <c>type</c> of a JSON body (Standard Webhooks, "Payload structure"), or null.</param>
/// <param name="Body">The body as text; empty when it was refused for its size.</param>
/// <param name="Signature">What the signature is worth.</param>
/// <param name="Attempt">How often this path has seen this id, this time included.</param>
/// <param name="Status">The status of the answer, or null when the sender hung up before it.</param>
internal sealed record ReceivedWebhook(
    DateTimeOffset At, string Method, string Path, string? Id, string? EventType, string Body, SignatureState Signature, int Attempt, int? Status);

/// <summary>What a signature is worth.</summary>
internal enum SignatureState
{
    /// <summary>There was no secret to check it with.</summary>
    NotChecked,

    /// <summary>It was made with the secret, over this body, less than five minutes ago.</summary>
    Verified,

    /// <summary>It is missing, old, or does not fit.</summary>
    NotVerified,
}
