using Grapnel.Auditing;
using Grapnel.Registry;
using Grapnel.Server.Api;
using Grapnel.Storage;

namespace Grapnel.Server.Inboxes;

/// <summary>Making, changing, reading and deleting test inboxes. For people of the whole installation: it does not ask whose inbox it is.</summary>
internal sealed class InboxRegistry(
    IConsoleStore store, ICatalogStore catalog, EndpointRegistry endpoints, InboxAddress address, InboxDoors doors, InboxOptions options,
    AuditLog audit, IdGenerator ids, TimeProvider time)
{
    // Below what an inbox takes in, so that many messages at once wait in the queue instead of being refused.
    private const int EndpointRate = InboxDoor.PerSecond / 2;
    private const int EndpointConcurrency = InboxDoor.MaxInside / 2;
    private const string Off = "Test inboxes are off. Set Inbox:Enabled to true, and start the server again.";

    // Soon, and soon over: somebody watches.
    private static readonly TimeSpan[] EndpointRetries = [.. new[] { 2, 4, 8, 15, 30, 60 }.Select(seconds => TimeSpan.FromSeconds(seconds))];

    private readonly EditGate _gate = new();

    /// <summary>An inbox caught something, which is stored by now. Handlers must be quick and must not throw.</summary>
    public event Action<Id<Inbox>>? Caught;

    /// <summary>Whether there are test inboxes on this server.</summary>
    public bool Enabled => options.Enabled;

    /// <summary>What keeps anybody from making an inbox, in a sentence that says what to do about it; null when nothing does.</summary>
    /// <param name="here">The address that the caller reaches this server at; what counts where <see cref="ApiOptions.PublicUrl"/> is not set.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<string?> FindObstacleAsync(Uri here, CancellationToken cancellationToken)
    {
        if (!options.Enabled)
            return Off;
        try
        {
            await address.CheckAsync(UrlOf(ids.Next<Inbox>(), here), cancellationToken);
            return null;
        }
        catch (InvalidInputException refused)
        {
            return refused.Errors[0].Message;
        }
    }

    /// <summary>Makes an inbox.</summary>
    /// <param name="application">The application that it is for.</param>
    /// <param name="here">The address that the caller reaches this server at; what counts where <see cref="ApiOptions.PublicUrl"/> is not set.</param>
    /// <param name="endpoint">An endpoint to make with it, whose URL becomes that of the inbox; null for none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidRequestException">Test inboxes are off; says how to turn them on.</exception>
    /// <exception cref="LimitReachedException">There are as many as there may be.</exception>
    /// <exception cref="InvalidInputException">The endpoint does not fit, or webhooks may not be sent to this server; says which setting would let them.</exception>
    public async Task<Inbox> CreateAsync(Id<Application> application, Uri here, EndpointInput? endpoint, CancellationToken cancellationToken)
    {
        if (!options.Enabled)
            throw new InvalidRequestException("inbox_disabled", Off);
        var inbox = new Inbox { Id = ids.Next<Inbox>(), ApplicationId = application, CreatedAt = time.GetUtcNow() };
        var url = UrlOf(inbox.Id, here);
        await address.CheckAsync(url, cancellationToken);
        await _gate.RunAsync(() => AddAsync(inbox), cancellationToken);
        var made = endpoint is null ? inbox : await ConnectAsync(inbox, endpoint with { Url = url }, cancellationToken);
        Record(AuditActions.InboxCreated, null, made);
        return made;
    }

    /// <summary>The URL of an inbox.</summary>
    public string UrlOf(Id<Inbox> id, Uri here) => address.UrlOf(id, here);

    /// <summary>The inboxes of an application, the newest first.</summary>
    public Task<IReadOnlyList<Inbox>> ListAsync(Id<Application> application, CancellationToken cancellationToken) =>
        store.ReadInboxesAsync(application, cancellationToken);

    /// <summary>Finds an inbox, or null.</summary>
    public Task<Inbox?> FindAsync(Id<Inbox> id, CancellationToken cancellationToken) => store.FindInboxAsync(id, cancellationToken);

    /// <summary>Changes what an inbox answers, from the next request on.</summary>
    /// <exception cref="InvalidInputException">Something is out of range.</exception>
    /// <exception cref="NotFoundException">It is gone.</exception>
    public Task<Inbox> SetAnswerAsync(Id<Inbox> id, InboxAnswer answer, CancellationToken cancellationToken) =>
        UpdateAsync(id, answer.ApplyTo, cancellationToken, (before, after) => Record(AuditActions.InboxUpdated, before, after));

    /// <summary>What an inbox caught, the newest first, all that is kept.</summary>
    public Task<IReadOnlyList<InboxRequest>> ReadAsync(Id<Inbox> id, CancellationToken cancellationToken) =>
        store.ReadInboxRequestsAsync(id, options.KeepRequests, cancellationToken);

    /// <summary>The same in short, without headers and bodies.</summary>
    public Task<IReadOnlyList<InboxRequestRow>> ListRequestsAsync(Id<Inbox> id, CancellationToken cancellationToken) =>
        store.ReadInboxRequestRowsAsync(id, options.KeepRequests, cancellationToken);

    /// <summary>When an inbox last caught something; null when it has nothing.</summary>
    public async Task<DateTimeOffset?> LastCaughtAtAsync(Id<Inbox> id, CancellationToken cancellationToken) =>
        await store.ReadInboxRequestRowsAsync(id, 1, cancellationToken) is [var last] ? last.Id.Timestamp : null;

    /// <summary>One request that an inbox caught; null when it is gone.</summary>
    public Task<InboxRequest?> FindRequestAsync(Id<Inbox> id, Id<InboxRequest> request, CancellationToken cancellationToken) =>
        store.FindInboxRequestAsync(id, request, cancellationToken);

    /// <summary>How the signature of a request is verified, with the secrets that the inbox's endpoint has now.</summary>
    public async Task<IReadOnlyList<SignatureStep>> ExplainAsync(InboxRequest request, CancellationToken cancellationToken)
    {
        var inbox = await FindAsync(request.InboxId, cancellationToken);
        var found = inbox?.EndpointId is { } id ? await catalog.ReadEndpointsAsync([id], cancellationToken) : [];
        return SignatureSteps.Explain(request, found is [var endpoint] ? endpoint.Secrets : []);
    }

    /// <summary>Removes what an inbox caught.</summary>
    /// <exception cref="NotFoundException">The inbox is gone.</exception>
    public async Task ClearAsync(Id<Inbox> id, CancellationToken cancellationToken)
    {
        var inbox = await FindAsync(id, cancellationToken) ?? throw Unknown();
        await store.ClearInboxAsync(id, CancellationToken.None);
        audit.Record(AuditActions.InboxCleared, id.ToString(), inbox.ApplicationId);
    }

    /// <summary>Deletes an inbox with what it caught.</summary>
    /// <param name="id">The inbox.</param>
    /// <param name="withEndpoint">Whether to delete the endpoint too that was made with it; otherwise that one fails from now on.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="NotFoundException">It is gone.</exception>
    public async Task DeleteAsync(Id<Inbox> id, bool withEndpoint, CancellationToken cancellationToken)
    {
        var inbox = await FindAsync(id, cancellationToken) ?? throw Unknown();
        if (withEndpoint && inbox.EndpointId?.ToString() is { } endpoint
            && await endpoints.FindAsync(inbox.ApplicationId, endpoint, cancellationToken) is not null)
            await endpoints.DeleteAsync(inbox.ApplicationId, endpoint, cancellationToken);
        if (!await store.DeleteInboxAsync(id, CancellationToken.None))
            throw Unknown();
        doors.Remove(id);
        Record(AuditActions.InboxDeleted, inbox, null);
    }

    /// <summary>How often an inbox caught a message, as far as it still has those requests.</summary>
    public Task<int> CountAsync(Id<Inbox> id, string messageId, CancellationToken cancellationToken) =>
        store.CountInboxRequestsAsync(id, messageId, cancellationToken);

    /// <summary>Stores what an inbox caught, and tells whoever watches.</summary>
    public async Task KeepAsync(InboxRequest request)
    {
        await store.AddInboxRequestAsync(request, options.KeepRequests, CancellationToken.None);
        Caught?.Invoke(request.InboxId);
    }

    // The inbox first: an endpoint that is there may get something at once.
    private async Task<Inbox> ConnectAsync(Inbox inbox, EndpointInput input, CancellationToken cancellationToken)
    {
        try
        {
            var endpoint = await endpoints.CreateAsync(inbox.ApplicationId, input with
            {
                RateLimit = input.RateLimit ?? EndpointRate, MaxConcurrency = input.MaxConcurrency ?? EndpointConcurrency,
                RetrySchedule = input.RetrySchedule ?? EndpointRetries,
            }, cancellationToken);
            return await UpdateAsync(inbox.Id, current => current with { EndpointId = endpoint.Id }, CancellationToken.None);
        }
        catch
        {
            await store.DeleteInboxAsync(inbox.Id, CancellationToken.None);
            throw;
        }
    }

    private async Task<Inbox> AddAsync(Inbox inbox)
    {
        if (await store.CountInboxesAsync(CancellationToken.None) >= options.MaxInboxes)
            throw new LimitReachedException($"There are {options.MaxInboxes} test inboxes already. Delete one, or raise Inbox:MaxInboxes.");
        await store.AddInboxAsync(inbox, CancellationToken.None);
        return inbox;
    }

    private Task<Inbox> UpdateAsync(
        Id<Inbox> id, Func<Inbox, Inbox> edit, CancellationToken cancellationToken, Action<Inbox, Inbox>? record = null) =>
        _gate.RunAsync(async () =>
        {
            var current = await FindAsync(id, cancellationToken) ?? throw Unknown();
            var changed = edit(current);
            if (!await store.UpdateInboxAsync(changed, CancellationToken.None))
                throw Unknown();
            record?.Invoke(current, changed);
            return changed;
        }, cancellationToken);

    private void Record(string action, Inbox? before, Inbox? after) =>
        audit.RecordChange(action, (before ?? after)!.Id.ToString(), (before ?? after)!.ApplicationId, before, after);

    /// <summary>The answer for an inbox that is not there; the same for all.</summary>
    public static NotFoundException Unknown() => new("There is no such test inbox.");
}
