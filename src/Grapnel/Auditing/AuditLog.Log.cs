using Microsoft.Extensions.Logging;

namespace Grapnel.Auditing;

internal sealed partial class AuditLog
{
    [LoggerMessage(EventId = 350, Level = LogLevel.Warning, Message = "The store took none of {Count} entries of the audit log; they are kept and tried again")]
    private partial void LogNotWritten(Exception exception, int count);

    [LoggerMessage(EventId = 351, Level = LogLevel.Error, Message = "The audit log misses {Entry}, because too many wait for the store: {Actor} did {Action} to {Subject}")]
    private partial void LogFull(Id<AuditEntry> entry, string actor, string action, string subject);

    [LoggerMessage(EventId = 352, Level = LogLevel.Error, Message = "{Count} entries of the audit log are lost: the store took none of them before the process ended")]
    private partial void LogLost(int count);
}
