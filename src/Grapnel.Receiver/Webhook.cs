using Microsoft.AspNetCore.Http;

namespace Grapnel.Receiving;

/// <summary>A webhook whose signature is right and fresh.</summary>
public sealed class Webhook
{
    internal Webhook(HttpContext http, string route, string id, DateTimeOffset sentAt, ReadOnlyMemory<byte> body) =>
        (HttpContext, Route, Id, SentAt, Body) = (http, route, id, sentAt, body);

    /// <summary>The header <c>webhook-id</c>: the same for every attempt to deliver the same message.</summary>
    public string Id { get; }

    /// <summary>The header <c>webhook-timestamp</c>: when this attempt was made, by the sender's clock, in whole seconds.</summary>
    public DateTimeOffset SentAt { get; }

    /// <summary>The body, byte for byte as it was signed.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>
    /// The path that it came to, such as <c>/hooks/eu</c>. Two endpoints of one application may get the same message, so what is remembered
    /// is route and id: give each endpoint a path of its own. What stands behind a question mark does not count.
    /// </summary>
    public string Route { get; }

    /// <summary>
    /// The request, with all headers and with services (<see cref="HttpContext.RequestServices"/>). Its body is read already. Leave the response alone: it
    /// is written once the handler has ended.
    /// </summary>
    public HttpContext HttpContext { get; }
}
