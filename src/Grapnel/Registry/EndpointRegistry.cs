using Grapnel.Auditing;
using Grapnel.Sending.Signing;
using Grapnel.Storage;
using Microsoft.Extensions.Options;

namespace Grapnel.Registry;

/// <summary>Adding, changing and deleting endpoints.</summary>
internal sealed class EndpointRegistry(
    ICatalogStore store, EndpointCheck check, CatalogEvents events, AuditLog audit, IdGenerator ids, IOptions<DeliveryOptions> options,
    TimeProvider time, EndpointPing ping)
{
    private readonly EditGate _gate = new();
    private readonly EditGate _upserts = new();

    /// <summary>Adds an endpoint to an application.</summary>
    public async Task<Endpoint> CreateAsync(Id<Application> application, EndpointInput input, CancellationToken cancellationToken)
    {
        await check.RunAsync(application, input, current: null, cancellationToken);
        return await AddAsync(application, input);
    }

    /// <summary>Finds an endpoint of an application by id or uid, or null.</summary>
    public Task<Endpoint?> FindAsync(Id<Application> application, string idOrUid, CancellationToken cancellationToken) =>
        store.FindEndpointAsync(application, idOrUid, cancellationToken);

    /// <summary>Finds an endpoint of an application by id or uid.</summary>
    /// <exception cref="NotFoundException">There is none.</exception>
    public async Task<Endpoint> GetAsync(Id<Application> application, string idOrUid, CancellationToken cancellationToken) =>
        await FindAsync(application, idOrUid, cancellationToken) ?? throw Unknown(idOrUid);

    /// <summary>Lists endpoints of an application by id.</summary>
    public Task<Page<Endpoint>> ListAsync(Id<Application> application, PageRequest page, CancellationToken cancellationToken) =>
        store.ListEndpointsAsync(application, page, cancellationToken);

    /// <summary>Changes an endpoint: <paramref name="edit"/> gets what is there and returns what should be.</summary>
    public Task<Endpoint> EditAsync(
        Id<Application> application, string idOrUid, Func<EndpointInput, EndpointInput> edit, CancellationToken cancellationToken) =>
        UpdateAsync(application, idOrUid, async current =>
        {
            var input = edit(EndpointInput.From(current)).Keeping(current);
            await check.RunAsync(application, input, current, cancellationToken);
            return input.ApplyTo(current);
        }, cancellationToken);

    /// <summary>Replaces an endpoint, secrets and unmentioned headers apart, or adds it when there is none of that id or uid.</summary>
    public async Task<Saved<Endpoint>> UpsertAsync(
        Id<Application> application, string idOrUid, EndpointInput input, CancellationToken cancellationToken) =>
        await FindAsync(application, idOrUid, cancellationToken) is null && await AddUnlessThereAsync(application, idOrUid, input, cancellationToken) is { } added
            ? new(added, Created: true)
            : new(await EditAsync(application, idOrUid, _ => input, cancellationToken), Created: false);

    /// <summary>Deletes an endpoint; what is still pending for it ends.</summary>
    public async Task DeleteAsync(Id<Application> application, string idOrUid, CancellationToken cancellationToken)
    {
        var endpoint = await GetAsync(application, idOrUid, cancellationToken);
        if (!await store.DeleteEndpointAsync(endpoint.Id, CancellationToken.None))
            throw Unknown(idOrUid);
        events.OnEndpointDeleted(application, endpoint.Id);
        events.OnEndpointEdited(new EndpointEdit(endpoint, null, time.GetUtcNow()));
        Record(AuditActions.EndpointDeleted, endpoint, null);
    }

    /// <summary>Disables an endpoint on behalf of the engine; false when it is disabled already or gone.</summary>
    public Task<bool> DisableAsync(Id<Endpoint> id, EndpointDisabledReason reason, CancellationToken cancellationToken) =>
        _gate.RunAsync(async () =>
        {
            if (await store.ReadEndpointsAsync([id], cancellationToken) is not [{ Enabled: true } current])
                return false;
            var changed = current with { Enabled = false, DisabledReason = reason, UpdatedAt = EditGate.Next(time, current.UpdatedAt) };
            if (!await store.UpdateEndpointAsync(changed, current.UpdatedAt, CancellationToken.None))
                return false;
            events.OnEndpointChanged(changed);
            Record(AuditActions.EndpointDisabled, current, changed);
            return true;
        }, cancellationToken);

    /// <summary>Changes an endpoint in whatever way.</summary>
    /// <param name="application">The application.</param>
    /// <param name="idOrUid">The endpoint.</param>
    /// <param name="update">Gets what is there and returns what should be.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="action">What the audit log calls it; null for what fits the change.</param>
    internal Task<Endpoint> UpdateAsync(
        Id<Application> application, string idOrUid, Func<Endpoint, Task<Endpoint>> update, CancellationToken cancellationToken, string? action = null) =>
        _gate.RunAsync(async () =>
        {
            var current = await GetAsync(application, idOrUid, cancellationToken);
            var changed = await update(current) with { UpdatedAt = EditGate.Next(time, current.UpdatedAt) };
            if (!await store.UpdateEndpointAsync(changed, current.UpdatedAt, CancellationToken.None))
                throw Unknown(idOrUid);
            events.OnEndpointChanged(changed);
            events.OnEndpointEdited(new EndpointEdit(current, changed, changed.UpdatedAt));
            Record(action ?? ActionOf(current, changed), current, changed);
            return changed;
        }, cancellationToken);

    // Of several who want the same at once, each but the first must find what the first one made: so one after the other, once the slow check is done.
    private async Task<Endpoint?> AddUnlessThereAsync(
        Id<Application> application, string idOrUid, EndpointInput input, CancellationToken cancellationToken)
    {
        await check.RunAsync(application, input, current: null, cancellationToken);
        return await _upserts.RunAsync(
            async () => await FindAsync(application, idOrUid, cancellationToken) is null ? await AddAsync(application, input) : null, cancellationToken);
    }

    private async Task<Endpoint> AddAsync(Id<Application> application, EndpointInput input)
    {
        var now = time.GetUtcNow();
        var endpoint = input.ApplyTo(new Endpoint
        {
            Id = ids.Next<Endpoint>(),
            ApplicationId = application,
            Url = "",
            Secrets = [input.Secret is null ? WebhookSecret.Generate(EndpointSecrets.TypeOf(input.Format, options.Value)) : WebhookSecret.Parse(input.Secret)],
            CreatedAt = now,
            UpdatedAt = now,
        });
        await store.AddEndpointAsync(endpoint, CancellationToken.None);
        events.OnEndpointChanged(endpoint);
        events.OnEndpointEdited(new EndpointEdit(null, endpoint, now));
        Record(AuditActions.EndpointCreated, null, endpoint);
        await ping.SendAsync(endpoint);
        return endpoint;
    }

    private void Record(string action, Endpoint? before, Endpoint? after) =>
        audit.RecordChange(action, (before ?? after)!.Id.ToString(), (before ?? after)!.ApplicationId, before, after);

    private static string ActionOf(Endpoint before, Endpoint after) => (before.Enabled, after.Enabled) switch
    {
        (false, true) => AuditActions.EndpointEnabled,
        (true, false) => AuditActions.EndpointDisabled,
        _ => AuditActions.EndpointUpdated,
    };

    private static NotFoundException Unknown(string idOrUid) => new($"There is no endpoint '{idOrUid}' in this application.");
}
