using Microsoft.Extensions.Logging;

namespace Grapnel.Housekeeping;

internal sealed partial class ScheduleRunner
{
    [LoggerMessage(LogLevel.Warning, "Schedule {Id}: its occurrence at {Occurrence:O} was refused and is given up: {Reason}")]
    private partial void LogOccurrenceRefused(Id<Schedule> id, DateTimeOffset occurrence, string reason);

    [LoggerMessage(LogLevel.Error, "Schedule {Id}: its occurrence at {Occurrence:O} failed and is tried again soon")]
    private partial void LogRunFailed(Exception exception, Id<Schedule> id, DateTimeOffset occurrence);

    [LoggerMessage(LogLevel.Error, "Schedules could not be read; trying again soon")]
    private partial void LogStoreFailed(Exception exception);
}
