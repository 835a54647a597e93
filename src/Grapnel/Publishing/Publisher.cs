using Grapnel.Storage;
using Microsoft.Extensions.Options;

namespace Grapnel.Publishing;

/// <summary>The one way into the engine: validates a message, routes it and has it accepted. When it says accepted, the message is durable.</summary>
internal sealed class Publisher
{
    private readonly RouteCache _routes;
    private readonly EventTypeCache _eventTypes;
    private readonly Acceptor _acceptor;
    private readonly IdGenerator _ids;
    private readonly TimeProvider _time;
    private readonly PublishingOptions _options;

    /// <summary>Wired by the host.</summary>
    public Publisher(
        RouteCache routes, EventTypeCache eventTypes, Acceptor acceptor, IdGenerator ids, TimeProvider time, IOptions<PublishingOptions> options)
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

        var types = await _eventTypes.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (request.RequireEventType && !types.Contains(request.EventType))
            return new PublishResult(PublishStatus.UnknownEventType);
        var check = types.CheckOf(request.EventType);
        var faults = check?.Faults(request.Payload);
        if (faults is not null && check!.Refuses)
            return new PublishResult(PublishStatus.PayloadDoesNotFit, SchemaFaults: faults);
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
            Tags = request.Tags is { Count: > 0 } ? request.Tags : null,
            Payload = request.Payload,
            ContentType = request.ContentType,
            AcceptedAt = now,
            DeliverAt = request.DeliverAt > now ? request.DeliverAt : null,
            ContentExpiresAt = now + request.PayloadRetention,
            RouteVersion = request.Only is null ? routes.Version : Message.Addressed,
        };
        var accepted = new PublishResult(PublishStatus.Accepted, message, plan.Decisions, SchemaFaults: faults);
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
