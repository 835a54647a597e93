namespace Grapnel.Storage;

/// <summary>
/// Finding things by what a person has of them, wherever they are. A call costs as much as there are applications, or endpoints; never as much as
/// there are messages or attempts.
/// </summary>
public interface ISearchStore
{
    /// <summary>Finds a message, without its payload, whatever its application.</summary>
    Task<Message?> FindMessageAsync(Id<Message> id, CancellationToken cancellationToken);

    /// <summary>Finds messages with this event id, without payloads, at most one per application.</summary>
    Task<IReadOnlyList<Message>> FindByEventIdAsync(string eventId, int limit, CancellationToken cancellationToken);

    /// <summary>Finds the message of an application with the last event id, in ordinal order, that begins like this; without its payload.</summary>
    /// <param name="application">The application.</param>
    /// <param name="beginning">The beginning of the event id: at least one ASCII character.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<Message?> FindLastByEventIdAsync(Id<Application> application, string beginning, CancellationToken cancellationToken);

    /// <summary>Finds an attempt, without the body of its answer, whatever its message.</summary>
    Task<Attempt?> FindAttemptAsync(Id<Attempt> id, CancellationToken cancellationToken);

    /// <summary>
    /// Finds endpoints by their uid or URL, or by the beginning of the URL, with or without its scheme; exact ones first, then by id. Looks at
    /// the first 50,000 endpoints.
    /// </summary>
    Task<IReadOnlyList<EndpointHit>> FindEndpointsAsync(string text, int limit, CancellationToken cancellationToken);

    /// <summary>The application of a schedule, or null when there is no such schedule.</summary>
    Task<Id<Application>?> FindScheduleOwnerAsync(Id<Schedule> id, CancellationToken cancellationToken);
}

/// <summary>An endpoint that was found.</summary>
/// <param name="Id">The endpoint.</param>
/// <param name="ApplicationId">Its application.</param>
/// <param name="Url">Its URL.</param>
/// <param name="IsExact">Whether all of its uid or URL was given.</param>
public sealed record EndpointHit(Id<Endpoint> Id, Id<Application> ApplicationId, string Url, bool IsExact);
