using System.Text.Json;
using Grapnel.Publishing;

namespace Grapnel.Housekeeping;

/// <summary>
/// Publishes operational events to the application <see cref="Application.OperationalUid"/>, whose endpoints are the operator's own. Events
/// about that application itself are not published, so that a failing operator endpoint does not feed itself; what nobody subscribed to is
/// not even written.
/// </summary>
internal sealed class OperationalPublisher(Publisher publisher, RouteCache routes)
{
    /// <summary>Publishes one event.</summary>
    /// <param name="eventType">One of <see cref="OperationalEventTypes"/>.</param>
    /// <param name="about">The application that it is about; null when it is about none, or tells in <paramref name="data"/>.</param>
    /// <param name="at">When it happened.</param>
    /// <param name="data">Writes the members of <c>data</c> that follow <c>appId</c> and <c>appUid</c>, if there is an application.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task PublishAsync(
        string eventType, Id<Application>? about, DateTimeOffset at, Action<Utf8JsonWriter> data, CancellationToken cancellationToken)
    {
        var own = await routes.FindAsync(Application.OperationalUid, cancellationToken).ConfigureAwait(false);
        if (own is null || own.Application.Id == about || own.Plan(eventType, null).Owed.Count == 0)
            return;
        var application = about is { } id ? await routes.FindAsync(id.ToString(), cancellationToken).ConfigureAwait(false) : null;
        await publisher.PublishAsync(new PublishRequest
        {
            Application = Application.OperationalUid,
            EventType = eventType,
            Payload = Body(eventType, about, application?.Application.Uid, at, data),
        }, cancellationToken).ConfigureAwait(false);
    }

    private static byte[] Body(string eventType, Id<Application>? about, string? uid, DateTimeOffset at, Action<Utf8JsonWriter> data)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("type", eventType);
            json.WriteString("timestamp", at);
            json.WriteStartObject("data");
            if (about is { } id)
            {
                json.WriteString("appId", id.ToString());
                json.WriteString("appUid", uid);
            }
            data(json);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return stream.ToArray();
    }
}
