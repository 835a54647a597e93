namespace Grapnel.Storage;

/// <summary>
/// Applications, event types, endpoints, schedules and keys. A write that collides throws <see cref="ConflictException"/>; an update or
/// delete of something that is not there returns false. Reads see every write whose task has completed.
/// </summary>
public interface ICatalogStore
{
    /// <summary>Finds an application by id or uid.</summary>
    Task<Application?> FindApplicationAsync(string idOrUid, CancellationToken cancellationToken);

    /// <summary>Lists applications by id.</summary>
    Task<Page<Application>> ListApplicationsAsync(PageRequest page, CancellationToken cancellationToken);

    /// <summary>Reads the applications that have a rate limit.</summary>
    Task<IReadOnlyList<Application>> ReadLimitedApplicationsAsync(CancellationToken cancellationToken);

    /// <summary>Adds an application.</summary>
    Task AddApplicationAsync(Application application, CancellationToken cancellationToken);

    /// <summary>Replaces an application as it was last changed at <paramref name="asOf"/>; false when it is gone.</summary>
    /// <exception cref="StaleEditException">It has been changed since.</exception>
    Task<bool> UpdateApplicationAsync(Application application, DateTimeOffset asOf, CancellationToken cancellationToken);

    /// <summary>Deletes an application with its endpoints and schedules, and returns the endpoints' ids; null when it is not there. Messages stay until retention.</summary>
    Task<IReadOnlyList<Id<Endpoint>>?> DeleteApplicationAsync(Id<Application> id, CancellationToken cancellationToken);

    /// <summary>Finds an event type by name.</summary>
    Task<EventType?> FindEventTypeAsync(string name, CancellationToken cancellationToken);

    /// <summary>Lists event types by name; the iterator is a name. With feature flags, only types that have none or carry one of these.</summary>
    Task<Page<EventType>> ListEventTypesAsync(
        PageRequest page, bool includeArchived, IReadOnlyList<string>? featureFlags, CancellationToken cancellationToken);

    /// <summary>The names of all event types that are not archived.</summary>
    Task<IReadOnlyList<string>> ReadEventTypeNamesAsync(CancellationToken cancellationToken);

    /// <summary>The event types, archived ones included, whose payloads are validated; by name.</summary>
    Task<IReadOnlyList<EventType>> ReadValidatedEventTypesAsync(CancellationToken cancellationToken);

    /// <summary>Adds an event type.</summary>
    Task AddEventTypeAsync(EventType eventType, CancellationToken cancellationToken);

    /// <summary>Replaces an event type as it was last changed at <paramref name="asOf"/>; false when it is gone.</summary>
    /// <exception cref="StaleEditException">It has been changed since.</exception>
    Task<bool> UpdateEventTypeAsync(EventType eventType, DateTimeOffset asOf, CancellationToken cancellationToken);

    /// <summary>Deletes an event type. Messages of the type stay.</summary>
    Task<bool> DeleteEventTypeAsync(string name, CancellationToken cancellationToken);

    /// <summary>Finds an endpoint of an application by id or uid.</summary>
    Task<Endpoint?> FindEndpointAsync(Id<Application> application, string idOrUid, CancellationToken cancellationToken);

    /// <summary>Finds endpoints by id, whatever their application. Unknown ids are left out.</summary>
    Task<IReadOnlyList<Endpoint>> ReadEndpointsAsync(IReadOnlyList<Id<Endpoint>> ids, CancellationToken cancellationToken);

    /// <summary>Lists endpoints of an application by id.</summary>
    Task<Page<Endpoint>> ListEndpointsAsync(Id<Application> application, PageRequest page, CancellationToken cancellationToken);

    /// <summary>Adds an endpoint, and with it a revision.</summary>
    Task AddEndpointAsync(Endpoint endpoint, CancellationToken cancellationToken);

    /// <summary>Replaces an endpoint as it was last changed at <paramref name="asOf"/>, and adds a revision; false when it is gone.</summary>
    /// <exception cref="StaleEditException">It has been changed since.</exception>
    Task<bool> UpdateEndpointAsync(Endpoint endpoint, DateTimeOffset asOf, CancellationToken cancellationToken);

    /// <summary>Deletes an endpoint; adds a last revision. Its pending deliveries are ended by <see cref="IDeliveryStore.DropLaneAsync"/>.</summary>
    Task<bool> DeleteEndpointAsync(Id<Endpoint> id, CancellationToken cancellationToken);

    /// <summary>Ids of deleted endpoints that still have pending deliveries, at most <paramref name="limit"/>.</summary>
    Task<IReadOnlyList<Id<Endpoint>>> FindDeletedLanesAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Everything routing needs of an application; null when it is not there.</summary>
    Task<RouteTable?> ReadRouteTableAsync(string applicationIdOrUid, CancellationToken cancellationToken);

    /// <summary>The version of all routing, and the applications whose endpoints have changed since an earlier one.</summary>
    Task<RouteChanges> ReadRouteChangesAsync(long since, CancellationToken cancellationToken);

    /// <summary>The revision of an endpoint that was in force at a route version, or null when it did not exist then.</summary>
    Task<EndpointRevision?> FindRevisionAsync(Id<Endpoint> endpoint, long routeVersion, CancellationToken cancellationToken);

    /// <summary>Finds a schedule of an application.</summary>
    Task<Schedule?> FindScheduleAsync(Id<Application> application, Id<Schedule> id, CancellationToken cancellationToken);

    /// <summary>Lists schedules of an application by id.</summary>
    Task<Page<Schedule>> ListSchedulesAsync(Id<Application> application, PageRequest page, CancellationToken cancellationToken);

    /// <summary>Enabled schedules due by a time, the earliest first.</summary>
    Task<IReadOnlyList<Schedule>> ReadDueSchedulesAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken);

    /// <summary>When the next enabled schedule is due, or null.</summary>
    Task<DateTimeOffset?> NextScheduleAtAsync(CancellationToken cancellationToken);

    /// <summary>Adds a schedule.</summary>
    Task AddScheduleAsync(Schedule schedule, CancellationToken cancellationToken);

    /// <summary>Replaces a schedule as it was last changed at <paramref name="asOf"/>; false when it is gone.</summary>
    /// <exception cref="StaleEditException">It has been changed since.</exception>
    Task<bool> UpdateScheduleAsync(Schedule schedule, DateTimeOffset asOf, CancellationToken cancellationToken);

    /// <summary>Moves a schedule on, if nobody else has: false when its next time is no longer <paramref name="from"/>.</summary>
    Task<bool> AdvanceScheduleAsync(Id<Schedule> id, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken);

    /// <summary>Deletes a schedule.</summary>
    Task<bool> DeleteScheduleAsync(Id<Schedule> id, CancellationToken cancellationToken);

    /// <summary>All keys, revoked ones included, the oldest first.</summary>
    Task<IReadOnlyList<ApiKey>> ReadApiKeysAsync(CancellationToken cancellationToken);

    /// <summary>Adds a key; false, and nothing is added, when one of the same text is there that works.</summary>
    Task<bool> AddApiKeyAsync(ApiKey key, CancellationToken cancellationToken);

    /// <summary>Revokes a key; false when there is no such working key.</summary>
    Task<bool> RevokeApiKeyAsync(Id<ApiKey> id, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>Changes name and expiry of a key, and nothing else of it; false when there is no such working key.</summary>
    Task<bool> UpdateApiKeyAsync(Id<ApiKey> id, string name, DateTimeOffset? expiresAt, CancellationToken cancellationToken);

    /// <summary>Notes in one transaction when keys were last used. The later time stays when another node noted one; unknown keys are passed over.</summary>
    Task NoteApiKeyUsesAsync(IReadOnlyCollection<Id<ApiKey>> keys, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>All revocations of tokens that still have to be kept.</summary>
    Task<IReadOnlyList<TokenRevocation>> ReadTokenRevocationsAsync(DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>
    /// Adds revocations. Of two for the same subject and time, the sooner effect and the longer keeping hold; one that another covers is not
    /// kept (see <see cref="TokenRevocation.Covers"/>).
    /// </summary>
    Task AddTokenRevocationsAsync(IReadOnlyList<TokenRevocation> revocations, CancellationToken cancellationToken);

    /// <summary>Removes revocations that no longer have to be kept, and returns how many.</summary>
    Task<int> DropTokenRevocationsAsync(DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>The secret of that name; the given one is stored when there is none yet. All nodes that ask get the same.</summary>
    Task<InstallationSecret> EnsureSecretAsync(InstallationSecret secret, CancellationToken cancellationToken);

    /// <summary>The secret of that name, or null.</summary>
    Task<InstallationSecret?> FindSecretAsync(string name, CancellationToken cancellationToken);

    /// <summary>Seals all secrets again, with the key that is now in force, and says how many endpoints and secrets of the installation there were.</summary>
    Task<int> SealAgainAsync(CancellationToken cancellationToken);

    /// <summary>For each key that something is sealed with, a sample. Reads all endpoints, and is for starts.</summary>
    Task<IReadOnlyList<SealedSample>> ReadSealedAsync(CancellationToken cancellationToken);
}

/// <summary>What routing needs of one application, as of a version.</summary>
/// <param name="Application">The application.</param>
/// <param name="Version">Grows with every write to an endpoint of the application.</param>
/// <param name="Endpoints">Its endpoints, disabled ones included, in order of id.</param>
public sealed record RouteTable(Application Application, long Version, IReadOnlyList<Endpoint> Endpoints);

/// <summary>What has changed in routing.</summary>
/// <param name="Version">The version as of now.</param>
/// <param name="Applications">The applications that are concerned; null where that is not known of all: then it may be any.</param>
public sealed record RouteChanges(long Version, IReadOnlyList<Id<Application>>? Applications);

/// <summary>What routing would have seen of an endpoint from a route version on, until its next revision.</summary>
/// <param name="EndpointId">The endpoint.</param>
/// <param name="Version">The route version from which it held.</param>
/// <param name="Enabled">Whether it was enabled.</param>
/// <param name="EventTypes">The event types it had subscribed to; null for all.</param>
/// <param name="Channels">The channels it listened on; null for any.</param>
/// <param name="Deleted">Whether this is the revision that ended it.</param>
/// <param name="Filter">Its filter over the payload; null for none.</param>
public sealed record EndpointRevision(
    Id<Endpoint> EndpointId, long Version, bool Enabled, IReadOnlyList<string>? EventTypes, IReadOnlyList<string>? Channels, bool Deleted,
    string? Filter);

/// <summary>Application tokens that no longer count although their time is not over.</summary>
/// <param name="Subject">Which ones: an application's id, or id and session joined by a slash, or the id of a single token.</param>
/// <param name="Before">Those that were issued up to this time, which is when they were revoked.</param>
/// <param name="EffectiveAt">From when on they no longer count.</param>
/// <param name="KeepUntil">When the last of them has expired by itself, and this may be forgotten.</param>
public sealed record TokenRevocation(string Subject, DateTimeOffset Before, DateTimeOffset EffectiveAt, DateTimeOffset KeepUntil)
{
    /// <summary>Whether the other is superfluous beside this one: it takes no other tokens, for no longer, and this one is in force, or will be as soon.</summary>
    public bool Covers(TokenRevocation other) =>
        Subject == other.Subject && Before >= other.Before && KeepUntil >= other.KeepUntil
        && (EffectiveAt <= Before || EffectiveAt <= other.EffectiveAt);
}

/// <summary>A secret that the installation made for itself, for example to sign application tokens.</summary>
/// <param name="Name">What it is for.</param>
/// <param name="Value">Random bytes.</param>
public sealed record InstallationSecret(string Name, byte[] Value)
{
    /// <summary>Never the secret: records print their members, and logs print records.</summary>
    public override string ToString() => $"InstallationSecret({Name})";
}

/// <summary>One of the secrets that stand sealed with the same key, to try with whether that key is there.</summary>
/// <param name="Value">What opens with the key.</param>
/// <param name="Records">How many endpoints and secrets of the installation it stands for.</param>
public sealed record SealedSample(byte[] Value, long Records);
