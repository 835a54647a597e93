using Grapnel.Publishing.Schemas;
using Grapnel.Storage;
using Microsoft.Extensions.Options;

namespace Grapnel.Publishing;

/// <summary>The one way into the engine: validates a message, routes it and has it accepted. When it says accepted, the message is durable.</summary>
internal sealed partial class Publisher
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
    public ValueTask<PublishResult> PublishAsync(PublishRequest request, CancellationToken cancellationToken) =>
        GrapnelTracing.IsOn ? PublishTracedAsync(request, cancellationToken) : PublishOneAsync(request, cancellationToken);

    private async ValueTask<PublishResult> PublishTracedAsync(PublishRequest request, CancellationToken cancellationToken)
    {
        using var span = GrapnelTracing.StartPublish(request.Application, count: 1);
        var result = await PublishOneAsync(request, cancellationToken).ConfigureAwait(false);
        GrapnelTracing.Published(span, result);
        return result;
    }

    private async ValueTask<PublishResult> PublishOneAsync(PublishRequest request, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        if (Refuse(request, now) is { } refused)
            return refused.Errors is { } errors ? throw new InvalidInputException(errors) : refused;
        var types = await ReadTypesAsync(request, cancellationToken).ConfigureAwait(false);
        if (request.RequireEventType && !types.Contains(request.EventType))
            return new PublishResult(PublishStatus.UnknownEventType);
        if (RefuseUnfit(request, types, out var faults) is { } unfit)
            return unfit;
        // Once, unless another node changed an endpoint in between.
        while (true)
        {
            if (await _routes.FindAsync(request.Application, cancellationToken).ConfigureAwait(false) is not { } routes)
                return new PublishResult(PublishStatus.UnknownApplication);
            var (item, accepted) = Route(request, routes, faults, now);
            if (await _acceptor.AcceptAsync(item, accepted.Decisions!).ConfigureAwait(false) is not { } receipt)
                return new PublishResult(PublishStatus.Unavailable);
            if (receipt.Status != AcceptStatus.RoutesChanged)
                return Conclude(accepted, receipt, item.Idempotency?.Fingerprint);
        }
    }

    /// <summary>
    /// Publishes messages to one application in one transaction. A message that does not fit is refused by itself, with
    /// <see cref="PublishStatus.Invalid"/> or the like, and does not hold up the others.
    /// </summary>
    /// <param name="application">The application, by id or uid; that of the requests is not looked at.</param>
    /// <param name="requests">The messages; null where the caller knows already that there is none, and what to say about it.</param>
    /// <param name="idempotency">Makes a repeat of the whole harmless; null without a key. Requests may have keys of their own instead.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<BatchResult> PublishAsync(
        string application, IReadOnlyList<PublishRequest?> requests, BatchIdempotency? idempotency, CancellationToken cancellationToken)
    {
        using var span = GrapnelTracing.StartPublish(application, requests.Count);
        while (true)
        {
            if (await _routes.FindAsync(application, cancellationToken).ConfigureAwait(false) is not { } routes)
                return new BatchResult(PublishStatus.UnknownApplication, []);
            var types = await _eventTypes.ReadAsync(cancellationToken).ConfigureAwait(false);
            var now = _time.GetUtcNow();
            if (await StoreAsync(ToBatch(requests, routes, types, now), idempotency, now).ConfigureAwait(false) is { } result)
                return result;
        }
    }

    private Batch ToBatch(IReadOnlyList<PublishRequest?> requests, Routes routes, KnownEventTypes types, DateTimeOffset now)
    {
        var batch = new Batch(requests.Count);
        for (var i = 0; i < requests.Count; i++)
        {
            IReadOnlyList<SchemaFault>? faults = null;
            if (requests[i] is not { } request)
                batch.Refuse(i, new PublishResult(PublishStatus.Invalid));
            else if ((Refuse(request, now) ?? RefuseUnfit(request, types, out faults)) is { } refused)
                batch.Refuse(i, refused);
            else
                batch.Add(i, Route(request, routes, faults, now));
        }
        return batch;
    }

    /// <summary>Null when another node changed an endpoint in between: then the messages are to be routed again.</summary>
    private async Task<BatchResult?> StoreAsync(Batch batch, BatchIdempotency? idempotency, DateTimeOffset now)
    {
        // With nothing to store there is nothing to remember: a repeat is refused for the same reasons again.
        if (batch.Items.Count == 0)
            return new BatchResult(PublishStatus.Accepted, batch.Results);
        var group = idempotency is null ? null : new AcceptGroup(
            batch.Items.Count, idempotency.Key, idempotency.Fingerprint, receipts => idempotency.Render(batch.Conclude(receipts.Span)),
            now + _options.IdempotencyWindow);
        if (await _acceptor.AcceptAsync(batch.ToArray(group)).ConfigureAwait(false) is not { } receipts)
            return new BatchResult(PublishStatus.Unavailable, []);
        if (receipts[0].Status == AcceptStatus.RoutesChanged)
            return null;
        if (group is null || receipts[0].Existing is not { } existing)
            return new BatchResult(PublishStatus.Accepted, batch.Conclude(receipts));
        return existing.Fingerprint == group.Fingerprint
            ? new BatchResult(PublishStatus.Repeated, [], existing.Response)
            : new BatchResult(PublishStatus.KeyReusedWithOtherBody, []);
    }

    // To be called after Refuse, which has looked at the name.
    private ValueTask<KnownEventTypes> ReadTypesAsync(PublishRequest request, CancellationToken cancellationToken) =>
        request.RequireEventType ? _eventTypes.ReadAsync(request.EventType, cancellationToken) : _eventTypes.ReadAsync(cancellationToken);

    private PublishResult? Refuse(PublishRequest request, DateTimeOffset now)
    {
        if (request.Payload.Length > _options.MaxPayloadBytes)
            return new PublishResult(PublishStatus.PayloadTooLarge);
        return PublishRules.Check(request, now, _options) is { } errors ? new PublishResult(PublishStatus.Invalid, Errors: errors) : null;
    }

    private static PublishResult? RefuseUnfit(PublishRequest request, KnownEventTypes types, out IReadOnlyList<SchemaFault>? faults)
    {
        var check = types.CheckOf(request.EventType);
        faults = check?.Faults(request.Payload);
        return faults is not null && check!.Refuses ? new PublishResult(PublishStatus.PayloadDoesNotFit, SchemaFaults: faults) : null;
    }

    private (AcceptItem Item, PublishResult Accepted) Route(
        PublishRequest request, Routes routes, IReadOnlyList<SchemaFault>? faults, DateTimeOffset now)
    {
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
            TraceParent = GrapnelTracing.Current,
        };
        var accepted = new PublishResult(PublishStatus.Accepted, message, plan.Decisions, SchemaFaults: faults);
        if (request.Idempotency is not { } idempotency)
            return (new AcceptItem(message, plan.Owed, null), accepted);
        var response = idempotency.Render(accepted);
        var entry = new IdempotencyEntry(idempotency.Key, idempotency.Fingerprint, response, now + _options.IdempotencyWindow);
        return (new AcceptItem(message, plan.Owed, entry), accepted with { Response = response });
    }

    private static PublishResult Conclude(in PublishResult accepted, in AcceptReceipt receipt, UInt128? fingerprint) => receipt.Status switch
    {
        AcceptStatus.Accepted => accepted,
        AcceptStatus.RepeatedEventId => new PublishResult(PublishStatus.RepeatedEventId, ExistingMessage: receipt.ExistingMessage),
        _ when receipt.Existing!.Fingerprint == fingerprint =>
            new PublishResult(PublishStatus.Repeated, Response: receipt.Existing.Response),
        _ => new PublishResult(PublishStatus.KeyReusedWithOtherBody),
    };

    /// <summary>A batch on its way: what was refused already, and what goes to the store.</summary>
    private sealed class Batch(int count)
    {
        private readonly List<int> _places = new(count);

        public List<RoutedItem> Items { get; } = new(count);

        public PublishResult[] Results { get; } = new PublishResult[count];

        public void Refuse(int place, in PublishResult refused) => Results[place] = refused;

        public void Add(int place, in (AcceptItem Item, PublishResult Accepted) routed)
        {
            _places.Add(place);
            Items.Add(new RoutedItem(routed.Item, routed.Accepted.Decisions!));
            Results[place] = routed.Accepted;
        }

        public RoutedItem[] ToArray(AcceptGroup? group)
        {
            if (group is not null)
                Items[0] = Items[0] with { Item = Items[0].Item with { Group = group } };
            return [.. Items];
        }

        /// <summary>A list of its own each time: the store may ask more than once.</summary>
        public PublishResult[] Conclude(ReadOnlySpan<AcceptReceipt> receipts)
        {
            var results = (PublishResult[])Results.Clone();
            for (var i = 0; i < receipts.Length; i++)
                results[_places[i]] = Publisher.Conclude(Results[_places[i]], receipts[i], Items[i].Item.Idempotency?.Fingerprint);
            return results;
        }
    }
}
