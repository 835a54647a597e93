namespace Grapnel.Sending.Formats;

/// <summary>What a request carries: the bytes that are sent and signed, and their content type.</summary>
internal readonly record struct RequestBody(ReadOnlyMemory<byte> Bytes, string ContentType)
{
    /// <summary>The body of a message in a format.</summary>
    /// <param name="format">The format.</param>
    /// <param name="message">The message.</param>
    /// <param name="payload">Its payload.</param>
    /// <param name="source">The <c>source</c> of CloudEvents.</param>
    public static RequestBody Of(RequestFormat format, Message message, ReadOnlyMemory<byte> payload, string source) => format switch
    {
        RequestFormat.GithubForm => GithubStyle.Form(payload.Span),
        RequestFormat.CloudEventsStructured => CloudEvent.Structured(message, payload, source),
        _ => new RequestBody(payload, message.ContentType),
    };
}
