using Microsoft.EntityFrameworkCore;

namespace Grapnel.Storage.Catalog;

internal sealed partial class ConsoleStore
{
    public Task<Inbox?> FindInboxAsync(Id<Inbox> id, CancellationToken cancellationToken) =>
        database.ReadAsync(catalog => catalog.Inboxes.FirstOrDefaultAsync(row => row.Id == id, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<Inbox>> ReadInboxesAsync(Id<Application> application, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<Inbox>>(async catalog => await catalog.Inboxes
            .Where(row => row.ApplicationId == application)
            .OrderByDescending(row => row.Id)
            .ToListAsync(cancellationToken).ConfigureAwait(false), cancellationToken);

    public Task<int> CountInboxesAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(catalog => catalog.Inboxes.CountAsync(cancellationToken), cancellationToken);

    public Task AddInboxAsync(Inbox inbox, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
        {
            catalog.Add(inbox);
            return await catalog.SaveChangesAsync().ConfigureAwait(false);
        }, cancellationToken);

    public Task<bool> UpdateInboxAsync(Inbox inbox, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
        {
            if (!await catalog.Inboxes.AnyAsync(row => row.Id == inbox.Id).ConfigureAwait(false))
                return false;
            catalog.Update(inbox);
            await catalog.SaveChangesAsync().ConfigureAwait(false);
            return true;
        }, cancellationToken);

    public Task<bool> DeleteInboxAsync(Id<Inbox> id, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
        {
            await catalog.InboxRequests.Where(row => row.InboxId == id).ExecuteDeleteAsync().ConfigureAwait(false);
            return await catalog.Inboxes.Where(row => row.Id == id).ExecuteDeleteAsync().ConfigureAwait(false) > 0;
        }, cancellationToken);

    public Task AddInboxRequestAsync(InboxRequest request, int keep, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
        {
            var inbox = request.InboxId;
            if (!await catalog.Inboxes.AnyAsync(row => row.Id == inbox).ConfigureAwait(false))
                return false;
            catalog.Add(request);
            await catalog.SaveChangesAsync().ConfigureAwait(false);
            var old = await catalog.InboxRequests.Where(row => row.InboxId == inbox).OrderByDescending(row => row.Id).Select(row => row.Id).Skip(keep).Take(1)
                .ToListAsync().ConfigureAwait(false);
            if (old is [var last])
                await catalog.InboxRequests.Where(row => row.InboxId == inbox && row.Id.CompareTo(last) <= 0).ExecuteDeleteAsync().ConfigureAwait(false);
            return true;
        }, cancellationToken);

    public Task<IReadOnlyList<InboxRequest>> ReadInboxRequestsAsync(Id<Inbox> inbox, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<InboxRequest>>(async catalog => await catalog.InboxRequests
            .Where(row => row.InboxId == inbox)
            .OrderByDescending(row => row.Id)
            .Take(limit)
            .ToListAsync(cancellationToken).ConfigureAwait(false), cancellationToken);

    public Task<IReadOnlyList<InboxRequestRow>> ReadInboxRequestRowsAsync(Id<Inbox> inbox, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<InboxRequestRow>>(async catalog => await catalog.InboxRequests
            .Where(row => row.InboxId == inbox)
            .OrderByDescending(row => row.Id)
            .Take(limit)
            .Select(row => new InboxRequestRow(row.Id, row.Method, row.MessageId, row.BodyLength, row.AnsweredStatus))
            .ToListAsync(cancellationToken).ConfigureAwait(false), cancellationToken);

    public Task<InboxRequest?> FindInboxRequestAsync(Id<Inbox> inbox, Id<InboxRequest> id, CancellationToken cancellationToken) =>
        database.ReadAsync(
            catalog => catalog.InboxRequests.FirstOrDefaultAsync(row => row.Id == id && row.InboxId == inbox, cancellationToken), cancellationToken);

    public Task<int> CountInboxRequestsAsync(Id<Inbox> inbox, string messageId, CancellationToken cancellationToken) =>
        database.ReadAsync(catalog => catalog.InboxRequests
            .CountAsync(row => row.InboxId == inbox && row.MessageId == messageId, cancellationToken), cancellationToken);

    public Task ClearInboxAsync(Id<Inbox> inbox, CancellationToken cancellationToken) =>
        database.WriteAsync(catalog => catalog.InboxRequests.Where(row => row.InboxId == inbox).ExecuteDeleteAsync(), cancellationToken);
}
