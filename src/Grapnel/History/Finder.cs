using Grapnel.Storage;

namespace Grapnel.History;

/// <summary>
/// Says what a pasted text is: the id of anything that has one, an operator's uid, an event id, the name of an event type, or an endpoint's URL or
/// the beginning of one. An id is asked for where such ids are kept, and nowhere else.
/// </summary>
internal sealed class Finder(ICatalogStore catalog, ISearchStore search, IBackgroundTaskStore tasks)
{
    /// <summary>Most hits, unless the caller wants another number.</summary>
    public const int DefaultLimit = 10;

    /// <summary>No id, name or URL is longer.</summary>
    private const int MaxLength = 2_048;

    /// <summary>Finds what the text may name, exact hits first; of one kind the oldest first.</summary>
    public async Task<IReadOnlyList<Hit>> FindAsync(string text, CancellationToken cancellationToken, int limit = DefaultLimit)
    {
        text = text.Trim();
        if (text.Length is 0 or > MaxLength)
            return [];
        var byId = await FindByIdAsync(text, cancellationToken).ConfigureAwait(false);
        // An event id or a uid may look like any id but that of its own kind.
        var hits = new List<Hit>(byId is null ? [] : [byId]);
        await foreach (var hit in FindByNameAsync(text, limit, cancellationToken).ConfigureAwait(false))
            if (!hits.Exists(other => (other.Kind, other.Id) == (hit.Kind, hit.Id)))
                hits.Add(hit);
        return [.. hits.OrderByDescending(hit => hit.IsExact).Take(limit)];
    }

    private async Task<Hit?> FindByIdAsync(string text, CancellationToken cancellationToken) => text switch
    {
        _ when Id<Application>.TryParse(text, out _) => null, // by name, as uids are
        _ when Id<Endpoint>.TryParse(text, out var id) =>
            await catalog.ReadEndpointsAsync([id], cancellationToken).ConfigureAwait(false) is [var endpoint]
                ? new Hit(HitKind.Endpoint, text, endpoint.Url, endpoint.ApplicationId) : null,
        _ when Id<Message>.TryParse(text, out var id) =>
            await search.FindMessageAsync(id, cancellationToken).ConfigureAwait(false) is { } message ? Hit.Of(message) : null,
        _ when Id<Attempt>.TryParse(text, out var id) =>
            await search.FindAttemptAsync(id, cancellationToken).ConfigureAwait(false) is { } attempt
                ? new Hit(HitKind.Attempt, text, attempt.Url, attempt.ApplicationId) { MessageId = attempt.MessageId, EndpointId = attempt.EndpointId } : null,
        _ when Id<Schedule>.TryParse(text, out var id) => await FindScheduleAsync(id, cancellationToken).ConfigureAwait(false),
        _ when Id<ApiKey>.TryParse(text, out var id) =>
            (await catalog.ReadApiKeysAsync(cancellationToken).ConfigureAwait(false)).FirstOrDefault(key => key.Id == id) is { } key
                ? new Hit(HitKind.ApiKey, text, key.Name) : null,
        _ when Id<BackgroundTask>.TryParse(text, out var id) =>
            await tasks.FindAsync(id, cancellationToken).ConfigureAwait(false) is { } task
                ? new Hit(HitKind.BackgroundTask, text, task.Kind, task.ApplicationId) { EndpointId = task.EndpointId } : null,
        _ => null,
    };

    private async Task<Hit?> FindScheduleAsync(Id<Schedule> id, CancellationToken cancellationToken) =>
        await search.FindScheduleOwnerAsync(id, cancellationToken).ConfigureAwait(false) is { } application
        && await catalog.FindScheduleAsync(application, id, cancellationToken).ConfigureAwait(false) is { } schedule
            ? new Hit(HitKind.Schedule, id.ToString(), schedule.EventType, application) : null;

    private async IAsyncEnumerable<Hit> FindByNameAsync(
        string text, int limit, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (await catalog.FindApplicationAsync(text, cancellationToken).ConfigureAwait(false) is { } application)
            yield return new Hit(HitKind.Application, application.Id.ToString(), application.Name, application.Id);
        if (await catalog.FindEventTypeAsync(text, cancellationToken).ConfigureAwait(false) is { } type)
            yield return new Hit(HitKind.EventType, type.Name, type.Name);
        foreach (var message in await search.FindByEventIdAsync(text, limit, cancellationToken).ConfigureAwait(false))
            yield return Hit.Of(message);
        foreach (var found in await search.FindEndpointsAsync(text, limit, cancellationToken).ConfigureAwait(false))
            yield return new Hit(HitKind.Endpoint, found.Id.ToString(), found.Url, found.ApplicationId, found.IsExact);
    }
}

/// <summary>What a text may name.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Id">Its id; of an event type, its name.</param>
/// <param name="Name">A word for people: the name of an application, event type or key, the URL of an endpoint or attempt, the event type of a message
/// or schedule, the kind of a task.</param>
/// <param name="ApplicationId">The application that it belongs to or is; null when it belongs to none.</param>
/// <param name="IsExact">Whether all of its id or name was given.</param>
internal sealed record Hit(HitKind Kind, string Id, string Name, Id<Application>? ApplicationId = null, bool IsExact = true)
{
    /// <summary>The message of an attempt.</summary>
    public Id<Message>? MessageId { get; init; }

    /// <summary>The endpoint of an attempt, or that a task is about.</summary>
    public Id<Endpoint>? EndpointId { get; init; }

    internal static Hit Of(Message message) => new(HitKind.Message, message.Id.ToString(), message.EventType, message.ApplicationId) { MessageId = message.Id };
}

/// <summary>What can be found.</summary>
internal enum HitKind
{
    /// <summary>An <see cref="Grapnel.Application"/>.</summary>
    Application,

    /// <summary>An <see cref="Grapnel.Endpoint"/>.</summary>
    Endpoint,

    /// <summary>A <see cref="Grapnel.Message"/>.</summary>
    Message,

    /// <summary>An <see cref="Grapnel.Attempt"/>.</summary>
    Attempt,

    /// <summary>An <see cref="Grapnel.EventType"/>.</summary>
    EventType,

    /// <summary>A <see cref="Grapnel.Schedule"/>.</summary>
    Schedule,

    /// <summary>An <see cref="Grapnel.ApiKey"/>.</summary>
    ApiKey,

    /// <summary>A <see cref="Grapnel.BackgroundTask"/>.</summary>
    BackgroundTask,
}
