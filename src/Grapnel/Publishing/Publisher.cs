using Grapnel.Storage;
using Microsoft.Extensions.Options;

namespace Grapnel.Publishing;

/// <summary>The one way into the engine: validates a message, routes it and has it accepted. When it says accepted, the message is durable.</summary>
internal sealed class Publisher
{
    private readonly RouteCache _routes;
    private readonly EventTypeNames _eventTypes;
    private readonly Acceptor _acceptor;
    private readonly IdGenerator _ids;
    private readonly TimeProvider _time;
    private readonly PublishingOptions _options;

    /// <summary>Wired by the host.</summary>
    public Publisher(
        RouteCache routes, EventTypeNames eventTypes, Acceptor acceptor, IdGenerator ids, TimeProvider time, IOptions<PublishingOptions> options)
    {
        _routes = routes;
        _eventTypes = eventTypes;
        _acceptor = acceptor;
        _ids = ids;
        _time = time;
        _options = options.Value;
    }

    /// <summary>Publishes one message.</summary>
    /// <exception cref="InvalidInputException">A field does not fit; nothing was accepted.</exception>
    public async ValueTask<PublishResult> PublishAsync(PublishRequest request, CancellationToken cancellationToken)
    {
        if (request.Payload.Length > _options.MaxPayloadBytes)
            return new PublishResult(PublishStatus.PayloadTooLarge);
        var now = _time.GetUtcNow();
        PublishRules.Check(request, now, _options);

        if (request.RequireEventType && !await _eventTypes.ContainsAsync(request.EventType, cancellationToken).ConfigureAwait(false))
            return new PublishResult(PublishStatus.UnknownEventType);
        if (await _routes.FindAsync(request.Application, cancellationToken).ConfigureAwait(false) is not { } routes)
            return new PublishResult(PublishStatus.UnknownApplication);

        var plan = request.Only is { } only ? RoutePlan.Addressed(only) : routes.Plan(request.EventType, request.Channels).For(request.Payload);
        var message = new Message
        {
            Id = _ids.Next<Message>(),
            ApplicationId = routes.Application.Id,
            EventType = request.EventType,
            EventId = request.EventId,
            Channels = request.Channels,
            Tags = request.Tags,
            Payload = request.Payload,
            ContentType = request.ContentType,
            AcceptedAt = now,
            DeliverAt = request.DeliverAt > now ? request.DeliverAt : null,
            RouteVersion = request.Only is null ? routes.Version : Message.Addressed,
        };
        var accepted = new PublishResult(PublishStatus.Accepted, message, plan.Decisions);
        var entry = request.Idempotency is { } idempotency
            ? new IdempotencyEntry(idempotency.Key, idempotency.Fingerprint, idempotency.Render(accepted), now + _options.IdempotencyWindow)
            : null;

        if (await _acceptor.AcceptAsync(new AcceptItem(message, plan.Owed, entry), plan.Decisions).ConfigureAwait(false) is not { } receipt)
            return new PublishResult(PublishStatus.Unavailable);
        return receipt.Status switch
        {
            AcceptStatus.Accepted => accepted,
            AcceptStatus.RepeatedEventId => new PublishResult(PublishStatus.RepeatedEventId, ExistingMessage: receipt.ExistingMessage),
            _ when receipt.Existing!.Fingerprint.AsSpan().SequenceEqual(entry!.Fingerprint) =>
                new PublishResult(PublishStatus.Repeated, StoredResponse: receipt.Existing.Response),
            _ => new PublishResult(PublishStatus.KeyReusedWithOtherBody),
        };
    }
}
