namespace Grapnel.Server.Api;

/// <summary>How large request bodies may be, given the largest payload.</summary>
internal static class BodyLimits
{
    private const int Envelope = 64 * 1024;

    /// <summary>
    /// A message: its payload and what is around it. Twice the payload, because a payload that is carried as a JSON string
    /// (<c>rawPayload</c>) grows by its escapes.
    /// </summary>
    public static int Message(int maxPayload) => 2 * maxPayload + Envelope;
}
