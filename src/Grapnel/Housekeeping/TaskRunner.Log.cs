using Microsoft.Extensions.Logging;

namespace Grapnel.Housekeeping;

internal sealed partial class TaskRunner
{
    [LoggerMessage(EventId = 330, Level = LogLevel.Information, Message = "Task {Id} ({Kind}) ended as {Status}, {Done} done {Error}")]
    private partial void LogEnded(Id<BackgroundTask> id, string kind, BackgroundTaskStatus status, long done, string? error);

    [LoggerMessage(EventId = 331, Level = LogLevel.Error, Message = "Task {Id} met a failure; it goes on soon from where the store says that it is")]
    private partial void LogStepFailed(Exception exception, Id<BackgroundTask> id);

    [LoggerMessage(EventId = 332, Level = LogLevel.Error, Message = "Background tasks could not be read; trying again soon")]
    private partial void LogTakeFailed(Exception exception);
}
