namespace Grapnel.Storage;

/// <summary>What the console needs to be kept: users, the keys that protect its cookies, who changed what, and test inboxes.</summary>
public interface IConsoleStore
{
    /// <summary>Whether there is any user.</summary>
    Task<bool> AnyUserAsync(CancellationToken cancellationToken);

    /// <summary>All users, by name.</summary>
    Task<IReadOnlyList<User>> ReadUsersAsync(CancellationToken cancellationToken);

    /// <summary>Finds a user.</summary>
    Task<User?> FindUserAsync(Id<User> id, CancellationToken cancellationToken);

    /// <summary>Finds a user by <see cref="User.NormalizedName"/>.</summary>
    Task<User?> FindUserByNameAsync(string normalizedName, CancellationToken cancellationToken);

    /// <summary>Adds a user.</summary>
    /// <exception cref="ConflictException">The name is taken.</exception>
    Task AddUserAsync(User user, CancellationToken cancellationToken);

    /// <summary>Adds a user if there is none at all; false, and nothing added, when there is.</summary>
    Task<bool> AddFirstUserAsync(User user, CancellationToken cancellationToken);

    /// <summary>Replaces a user; false when it is not there. Refuses to leave no administrator.</summary>
    /// <exception cref="ConflictException">The name is taken, or it would leave no administrator.</exception>
    Task<bool> UpdateUserAsync(User user, CancellationToken cancellationToken);

    /// <summary>Deletes a user; false when it is not there.</summary>
    /// <exception cref="ConflictException">It is the last administrator.</exception>
    Task<bool> DeleteUserAsync(Id<User> id, CancellationToken cancellationToken);

    /// <summary>All entries of the key ring.</summary>
    Task<IReadOnlyList<KeyRingEntry>> ReadKeyRingAsync(CancellationToken cancellationToken);

    /// <summary>Adds an entry to the key ring, or replaces the one of the same name.</summary>
    Task StoreKeyRingEntryAsync(KeyRingEntry entry, CancellationToken cancellationToken);

    /// <summary>Removes a key from the ring; nothing happens when it is not there.</summary>
    Task RemoveKeyRingEntryAsync(string name, CancellationToken cancellationToken);

    /// <summary>Adds to the audit log. An entry that is there already stays as it is: whoever does not know whether it was added may add it again.</summary>
    Task AddAuditEntriesAsync(IReadOnlyList<AuditEntry> entries, CancellationToken cancellationToken);

    /// <summary>Lists the audit log by id.</summary>
    Task<Page<AuditEntry>> ListAuditEntriesAsync(AuditFilter filter, PageRequest page, CancellationToken cancellationToken);

    /// <summary>Removes up to <paramref name="limit"/> entries made before a time, and returns how many.</summary>
    Task<int> PruneAuditEntriesAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken);

    /// <summary>Finds an inbox.</summary>
    Task<Inbox?> FindInboxAsync(Id<Inbox> id, CancellationToken cancellationToken);

    /// <summary>The inboxes of an application, the newest first.</summary>
    Task<IReadOnlyList<Inbox>> ReadInboxesAsync(Id<Application> application, CancellationToken cancellationToken);

    /// <summary>How many inboxes there are.</summary>
    Task<int> CountInboxesAsync(CancellationToken cancellationToken);

    /// <summary>Adds an inbox.</summary>
    Task AddInboxAsync(Inbox inbox, CancellationToken cancellationToken);

    /// <summary>Replaces an inbox; false when it is not there.</summary>
    Task<bool> UpdateInboxAsync(Inbox inbox, CancellationToken cancellationToken);

    /// <summary>Deletes an inbox with what it caught; false when it is not there.</summary>
    Task<bool> DeleteInboxAsync(Id<Inbox> id, CancellationToken cancellationToken);

    /// <summary>Adds what an inbox caught, and removes its oldest requests beyond <paramref name="keep"/>. Does nothing when the inbox is gone.</summary>
    Task AddInboxRequestAsync(InboxRequest request, int keep, CancellationToken cancellationToken);

    /// <summary>The newest requests of an inbox, the newest first.</summary>
    Task<IReadOnlyList<InboxRequest>> ReadInboxRequestsAsync(Id<Inbox> inbox, int limit, CancellationToken cancellationToken);

    /// <summary>The same without headers and bodies, for a list that is read often.</summary>
    Task<IReadOnlyList<InboxRequestRow>> ReadInboxRequestRowsAsync(Id<Inbox> inbox, int limit, CancellationToken cancellationToken);

    /// <summary>Finds one request of an inbox, or null.</summary>
    Task<InboxRequest?> FindInboxRequestAsync(Id<Inbox> inbox, Id<InboxRequest> id, CancellationToken cancellationToken);

    /// <summary>How many requests of the inbox carried this message id.</summary>
    Task<int> CountInboxRequestsAsync(Id<Inbox> inbox, string messageId, CancellationToken cancellationToken);

    /// <summary>Removes all requests of an inbox.</summary>
    Task ClearInboxAsync(Id<Inbox> inbox, CancellationToken cancellationToken);
}

/// <summary>A key that protects secrets at rest, cookies and forms, as ASP.NET Core Data Protection writes it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Xml">The key, as XML.</param>
public sealed record KeyRingEntry(string Name, string Xml)
{
    /// <summary>Never the key: records print their members, and logs print records.</summary>
    public override string ToString() => $"KeyRingEntry({Name})";
}

/// <summary>Which entries of the audit log to list; null members do not filter.</summary>
/// <param name="Actor">By this actor.</param>
/// <param name="Subject">Done to this.</param>
/// <param name="ApplicationId">Of this application.</param>
public sealed record AuditFilter(string? Actor = null, string? Subject = null, Id<Application>? ApplicationId = null);
