using Grapnel.Dispatching;
using Grapnel.Storage;

namespace Grapnel.History;

/// <summary>Everything about one message: where it went, what came of it, and why the others did not get it.</summary>
internal sealed class MessageDetails(IHistoryStore history, ICatalogStore catalog, Deliveries deliveries, Dispatcher dispatcher)
{
    /// <summary>Most endpoints that are told of, of those that were owed the message and of the others each.</summary>
    public const int MaxEndpoints = 250;

    /// <summary>Most attempts that are told of: the newest.</summary>
    public const int MaxAttempts = 1_000;

    /// <summary>Finds a message by id or event id and tells all about it; null when there is none.</summary>
    public async Task<MessageView?> FindAsync(Id<Application> application, string idOrEventId, CancellationToken cancellationToken)
    {
        if (await history.FindMessageAsync(application, idOrEventId, cancellationToken).ConfigureAwait(false) is not { } message)
            return null;
        var page = new PageRequest(MaxEndpoints);
        var owed = await history.ListDestinationsAsync(message, dispatcher.IsSending, page, cancellationToken).ConfigureAwait(false);
        var listed = await catalog.ListEndpointsAsync(application, page, cancellationToken).ConfigureAwait(false);
        var others = listed.Items.ExceptBy(owed.Items.Select(item => item.EndpointId), endpoint => endpoint.Id).ToList();
        // Beyond the first page of destinations an endpoint may be owed it, too: its reason tells.
        var whys = await deliveries.WhyAsync(message, others, cancellationToken).ConfigureAwait(false);
        var (attempts, moreAttempts) = await ReadAttemptsAsync(message, cancellationToken).ConfigureAwait(false);
        return new MessageView(
            message,
            await catalog.FindApplicationAsync(application.ToString(), cancellationToken).ConfigureAwait(false),
            await history.ReadProgressAsync(message, cancellationToken).ConfigureAwait(false),
            await DescribeAsync(message, owed.Items, attempts, cancellationToken).ConfigureAwait(false),
            [.. others.Zip(whys, (endpoint, why) => new NotOwedEndpoint(endpoint, why)).Where(other => other.Why.State == WhyState.NotOwed)])
        {
            HasMoreOwed = !owed.Done,
            HasMoreNotOwed = !listed.Done,
            HasMoreAttempts = moreAttempts,
        };
    }

    /// <summary>One attempt with the body of its answer and the headers of both directions; null when there is no such attempt.</summary>
    public async Task<Exchange?> FindExchangeAsync(Id<Message> message, Id<Attempt> attempt, CancellationToken cancellationToken) =>
        await history.FindAttemptAsync(message, attempt, cancellationToken).ConfigureAwait(false) is { } found
        && await history.FindAttemptHeadersAsync(message, attempt, cancellationToken).ConfigureAwait(false) is { } headers
            ? new Exchange(found, headers) : null;

    private async Task<IReadOnlyList<OwedEndpoint>> DescribeAsync(
        Message message, IReadOnlyList<Destination> destinations, ILookup<Id<Endpoint>, Attempt> attempts, CancellationToken cancellationToken)
    {
        var known = await catalog.ReadEndpointsAsync([.. destinations.Select(item => item.EndpointId)], cancellationToken).ConfigureAwait(false);
        var whys = known.Zip(await deliveries.WhyAsync(message, known, cancellationToken).ConfigureAwait(false))
            .ToDictionary(pair => pair.First.Id, pair => (Endpoint: (Endpoint?)pair.First, Why: pair.Second));
        var owed = new List<OwedEndpoint>(destinations.Count);
        foreach (var destination in destinations)
        {
            if (!whys.TryGetValue(destination.EndpointId, out var told))
                told = (null, await deliveries.WhyAsync(message, destination.EndpointId, cancellationToken).ConfigureAwait(false));
            owed.Add(new OwedEndpoint(destination, told.Endpoint, told.Why, [.. attempts[destination.EndpointId].Reverse()]));
        }
        return owed;
    }

    private async Task<(ILookup<Id<Endpoint>, Attempt> Attempts, bool More)> ReadAttemptsAsync(Message message, CancellationToken cancellationToken)
    {
        var (attempts, filter) = (new List<Attempt>(), new AttemptFilter(message.Id, WithBody: false));
        Page<Attempt> page;
        string? iterator = null;
        do
        {
            page = await history.ListAttemptsAsync(message.ApplicationId, filter, new PageRequest(250, iterator), cancellationToken).ConfigureAwait(false);
            attempts.AddRange(page.Items);
            iterator = page.Iterator ?? (page.Items is [.., var last] ? last.Id.ToString() : null);
        }
        while (!page.Done && attempts.Count < MaxAttempts);
        return (attempts.ToLookup(attempt => attempt.EndpointId), !page.Done);
    }
}

/// <summary>Everything about one message.</summary>
/// <param name="Message">The message, with its payload unless that was removed.</param>
/// <param name="Application">Its application; null when that has been deleted.</param>
/// <param name="Progress">How far its deliveries are, over all endpoints.</param>
/// <param name="Owed">The endpoints that it is or was owed to, by id.</param>
/// <param name="NotOwed">The endpoints of the application that it was not owed to, by id, each with the reason.</param>
public sealed record MessageView(
    Message Message, Application? Application, DeliveryProgress Progress, IReadOnlyList<OwedEndpoint> Owed, IReadOnlyList<NotOwedEndpoint> NotOwed)
{
    /// <summary>Whether it is owed to more endpoints than are told of.</summary>
    public bool HasMoreOwed { get; init; }

    /// <summary>Whether the application has endpoints that were not looked at.</summary>
    public bool HasMoreNotOwed { get; init; }

    /// <summary>Whether there are older attempts than those that are told of.</summary>
    public bool HasMoreAttempts { get; init; }
}

/// <summary>An endpoint that a message is or was owed to.</summary>
/// <param name="Destination">Where the message stands there.</param>
/// <param name="Endpoint">The endpoint as it is now; null when it has been deleted.</param>
/// <param name="Why">Why it stands there, and what it waits for.</param>
/// <param name="Attempts">The attempts, the oldest first, without the bodies of answers.</param>
public sealed record OwedEndpoint(Destination Destination, Endpoint? Endpoint, Why Why, IReadOnlyList<Attempt> Attempts);

/// <summary>An endpoint that a message was not owed to.</summary>
/// <param name="Endpoint">The endpoint as it is now.</param>
/// <param name="Why">Why not, by the settings of the time.</param>
public sealed record NotOwedEndpoint(Endpoint Endpoint, Why Why);

/// <summary>One attempt, in full.</summary>
/// <param name="Attempt">The attempt, with the body of the answer.</param>
/// <param name="Headers">The headers of both directions.</param>
public sealed record Exchange(Attempt Attempt, AttemptHeaders Headers);
