namespace Grapnel.Auditing;

/// <summary>What the audit log calls that which was done.</summary>
internal static class AuditActions
{
    public const string ApplicationCreated = "application.created";
    public const string ApplicationUpdated = "application.updated";
    public const string ApplicationDeleted = "application.deleted";
    public const string ApplicationErased = Storage.ErasureCursor.AuditAction;
    public const string EventTypeCreated = "event-type.created";
    public const string EventTypeUpdated = "event-type.updated";
    public const string EventTypeArchived = "event-type.archived";
    public const string EventTypeRestored = "event-type.restored";
    public const string EventTypeDeleted = "event-type.deleted";
    public const string EndpointCreated = "endpoint.created";
    public const string EndpointUpdated = "endpoint.updated";
    public const string EndpointEnabled = "endpoint.enabled";
    public const string EndpointDisabled = "endpoint.disabled";
    public const string EndpointSecretRotated = "endpoint.secret-rotated";
    public const string EndpointQueueCancelled = "endpoint.queue-cancelled";
    public const string EndpointDeleted = "endpoint.deleted";
    public const string ScheduleCreated = "schedule.created";
    public const string ScheduleUpdated = "schedule.updated";
    public const string ScheduleDeleted = "schedule.deleted";
    public const string ApiKeyCreated = "api-key.created";
    public const string ApiKeyUpdated = "api-key.updated";
    public const string ApiKeyRevoked = "api-key.revoked";
    public const string TokenRevoked = "token.revoked";
    public const string BackgroundTaskBegun = "background-task.begun";
    public const string BackgroundTaskCancelled = "background-task.cancelled";
    public const string MessageResent = "message.resent";
    public const string MessageCancelled = "message.cancelled";
    public const string MessageContentRemoved = "message.content-removed";
    public const string AttemptContentRemoved = "attempt.content-removed";
    public const string InboxCreated = "inbox.created";
    public const string InboxUpdated = "inbox.updated";
    public const string InboxCleared = "inbox.cleared";
    public const string InboxDeleted = "inbox.deleted";
    public const string KeyRingRotated = "key-ring.rotated";
    public const string UserCreated = "user.created";
    public const string UserUpdated = "user.updated";
    public const string UserDeleted = "user.deleted";
    public const string UserPasswordChanged = "user.password-changed";
    public const string UserPasswordReset = "user.password-reset";
    public const string UserSignedIn = "user.signed-in";
    public const string UserSignedOut = "user.signed-out";
    public const string UserSignInFailed = "user.sign-in-failed";
    public const string UserLockedOut = "user.locked-out";
    public const string UserUnlocked = "user.unlocked";
}
