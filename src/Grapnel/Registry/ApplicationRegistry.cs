using Grapnel.Auditing;
using Grapnel.Storage;

namespace Grapnel.Registry;

/// <summary>What a caller says about an application.</summary>
public sealed record ApplicationInput
{
    /// <summary>A name for people; required.</summary>
    public string? Name { get; init; }

    /// <summary>The operator's own identifier, or null.</summary>
    public string? Uid { get; init; }

    /// <summary>Messages per second, at least 1; null means no limit.</summary>
    public int? RateLimit { get; init; }

    /// <summary>Free string pairs, at most 4,096 bytes as JSON.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    internal static ApplicationInput From(Application application) => new()
    {
        Name = application.Name,
        Uid = application.Uid,
        RateLimit = application.RateLimit,
        Metadata = application.Metadata,
    };
}

/// <summary>Adding, changing and deleting applications.</summary>
internal sealed class ApplicationRegistry(ICatalogStore store, CatalogEvents events, AuditLog audit, IdGenerator ids, TimeProvider time)
{
    private readonly EditGate _gate = new();

    /// <summary>Adds an application.</summary>
    public Task<Application> CreateAsync(ApplicationInput input)
    {
        Check(input);
        return _gate.RunAsync(() => AddAsync(input), CancellationToken.None);
    }

    /// <summary>Finds an application by id or uid, or adds it when somebody says what it should be; its uid must then be the one that was asked for.</summary>
    /// <exception cref="NotFoundException">There is none, and nobody says what it should be.</exception>
    public async Task<Application> GetOrCreateAsync(string idOrUid, ApplicationInput? input, CancellationToken cancellationToken)
    {
        if (await FindAsync(idOrUid, cancellationToken) is { } existing)
            return existing;
        if (input is null)
            throw Unknown(idOrUid);
        if (input.Uid != idOrUid)
            throw new InvalidInputException("application.uid", "must be the same as in the path, where the application does not exist yet");
        try
        {
            return (await GetOrCreateAsync(input, cancellationToken)).Value;
        }
        catch (InvalidInputException invalid)
        {
            throw new InvalidInputException([.. invalid.Errors.Select(error => error with { Field = "application." + error.Field })]);
        }
    }

    /// <summary>Finds the application of the input's uid as it is, or adds it.</summary>
    public async Task<Saved<Application>> GetOrCreateAsync(ApplicationInput input, CancellationToken cancellationToken)
    {
        Check(input);
        if (input.Uid is not { } uid)
            return new(await CreateAsync(input), Created: true);
        if (await FindAsync(uid, cancellationToken) is { } existing)
            return new(existing, Created: false);
        try
        {
            if (await AddUnlessThereAsync(uid, input, cancellationToken) is { } added)
                return new(added, Created: true);
        }
        catch (ConflictException)
        {
            // Another node was faster.
        }
        return new(await GetAsync(uid, cancellationToken), Created: false);
    }

    /// <summary>Finds an application by id or uid, or null.</summary>
    public Task<Application?> FindAsync(string idOrUid, CancellationToken cancellationToken) =>
        store.FindApplicationAsync(idOrUid, cancellationToken);

    /// <summary>Finds an application by id or uid.</summary>
    /// <exception cref="NotFoundException">There is none.</exception>
    public async Task<Application> GetAsync(string idOrUid, CancellationToken cancellationToken) =>
        await FindAsync(idOrUid, cancellationToken) ?? throw Unknown(idOrUid);

    /// <summary>Lists applications by id.</summary>
    public Task<Page<Application>> ListAsync(PageRequest page, CancellationToken cancellationToken) =>
        store.ListApplicationsAsync(page, cancellationToken);

    /// <summary>Changes an application: <paramref name="edit"/> gets what is there and returns what should be.</summary>
    public Task<Application> EditAsync(
        string idOrUid, Func<ApplicationInput, ApplicationInput> edit, CancellationToken cancellationToken) =>
        _gate.RunAsync(async () =>
        {
            var current = await GetAsync(idOrUid, cancellationToken);
            var input = edit(ApplicationInput.From(current));
            Check(input);
            if (IsBuiltIn(current) && input.Uid != current.Uid)
                throw new InvalidInputException("uid", $"of the built-in application '{current.Uid}' cannot change");
            var changed = Apply(input, current) with { UpdatedAt = EditGate.Next(time, current.UpdatedAt) };
            if (!await store.UpdateApplicationAsync(changed, current.UpdatedAt, CancellationToken.None))
                throw Unknown(idOrUid);
            events.OnApplicationChanged(changed.Id);
            if (changed.RateLimit != current.RateLimit)
                events.OnRateLimitChanged(changed.Id, changed.RateLimit);
            audit.RecordChange(AuditActions.ApplicationUpdated, changed.Id.ToString(), changed.Id, current, changed);
            return changed;
        }, cancellationToken);

    /// <summary>Replaces an application, or adds it when there is none of that id or uid.</summary>
    public async Task<Saved<Application>> UpsertAsync(string idOrUid, ApplicationInput input, CancellationToken cancellationToken)
    {
        Check(input);
        return await FindAsync(idOrUid, cancellationToken) is null && await AddUnlessThereAsync(idOrUid, input, cancellationToken) is { } added
            ? new(added, Created: true)
            : new(await EditAsync(idOrUid, _ => input, cancellationToken), Created: false);
    }

    /// <summary>Deletes an application with its endpoints and schedules; what is still pending for them ends.</summary>
    public async Task DeleteAsync(string idOrUid, CancellationToken cancellationToken)
    {
        var application = await GetAsync(idOrUid, cancellationToken);
        RefuseBuiltIn(application);
        var endpoints = await store.DeleteApplicationAsync(application.Id, CancellationToken.None) ?? throw Unknown(idOrUid);
        foreach (var endpoint in endpoints)
            events.OnEndpointDeleted(application.Id, endpoint);
        events.OnApplicationChanged(application.Id);
        events.OnRateLimitChanged(application.Id, null);
        events.OnSchedulesChanged();
        audit.RecordChange(AuditActions.ApplicationDeleted, application.Id.ToString(), application.Id, application, null);
    }

    /// <summary>Deletes an application, unless somebody else did.</summary>
    public async Task DeleteIfThereAsync(Id<Application> id, CancellationToken cancellationToken)
    {
        try
        {
            await DeleteAsync(id.ToString(), cancellationToken);
        }
        catch (NotFoundException)
        {
        }
    }

    /// <exception cref="ConflictException">It is built in.</exception>
    public static void RefuseBuiltIn(Application application)
    {
        if (IsBuiltIn(application))
            throw new ConflictException("built_in", $"The built-in application '{application.Uid}' cannot be deleted.");
    }

    /// <summary>Adds the applications that exist from the start, where they are missing.</summary>
    public async Task EnsureBuiltInAsync(CancellationToken cancellationToken)
    {
        await GetOrCreateAsync(new ApplicationInput { Name = "Default", Uid = Application.DefaultUid }, cancellationToken);
        await GetOrCreateAsync(new ApplicationInput { Name = "Operational events", Uid = Application.OperationalUid }, cancellationToken);
    }

    // Of several who want the same at once, each but the first must find what the first one made: so one after the other.
    private Task<Application?> AddUnlessThereAsync(string idOrUid, ApplicationInput input, CancellationToken cancellationToken) =>
        _gate.RunAsync(async () => await FindAsync(idOrUid, cancellationToken) is null ? await AddAsync(input) : null, cancellationToken);

    private async Task<Application> AddAsync(ApplicationInput input)
    {
        var now = time.GetUtcNow();
        var application = Apply(input, new Application { Id = ids.Next<Application>(), Name = "", CreatedAt = now, UpdatedAt = now });
        await store.AddApplicationAsync(application, CancellationToken.None);
        events.OnApplicationChanged(application.Id);
        if (application.RateLimit is not null)
            events.OnRateLimitChanged(application.Id, application.RateLimit);
        audit.RecordChange(AuditActions.ApplicationCreated, application.Id.ToString(), application.Id, null, application);
        return application;
    }

    private static bool IsBuiltIn(Application application) =>
        application.Uid is Application.DefaultUid or Application.OperationalUid;

    private static Application Apply(ApplicationInput input, Application application) => application with
    {
        Name = input.Name!,
        Uid = input.Uid,
        RateLimit = input.RateLimit,
        Metadata = input.Metadata,
    };

    private static void Check(ApplicationInput input)
    {
        var check = new InputCheck();
        check.Name("name", input.Name);
        check.Uid<Application>(input.Uid);
        check.Range("throttleRate", input.RateLimit, 1, ushort.MaxValue);
        check.Metadata(input.Metadata);
        check.ThrowIfAny();
    }

    /// <summary>The answer for an application that does not exist, or not for this caller: both hear the same.</summary>
    internal static NotFoundException Unknown(string idOrUid) => new($"There is no application '{idOrUid}'.");
}
