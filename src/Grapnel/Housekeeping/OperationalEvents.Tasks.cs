using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Grapnel.Housekeeping;

internal sealed partial class OperationalEvents
{
    /// <summary>Publishes that a background task has ended, however it did. Failing to is logged; the task itself tells in any case.</summary>
    public async Task TaskEndedAsync(BackgroundTask task, CancellationToken cancellationToken)
    {
        try
        {
            await _publisher.PublishAsync(
                OperationalEventTypes.BackgroundTaskFinished, about: null, task.UpdatedAt, json => WriteTask(json, task), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogTaskFailed(_logger, e, task.Id);
        }
    }

    private static void WriteTask(Utf8JsonWriter json, BackgroundTask task)
    {
        json.WriteString("taskId", task.Id.ToString());
        json.WriteString("task", task.Kind);
        json.WriteString("status", task.Status.Word());
        json.WriteStartObject("data");
        json.WriteString("appId", task.ApplicationId?.ToString());
        json.WriteString("endpointId", task.EndpointId?.ToString());
        json.WriteNumber("messagesSent", task.Done);
        json.WriteString("error", task.Error);
        json.WriteBoolean("cancelled", task.Status == BackgroundTaskStatus.Cancelled);
        json.WriteEndObject();
    }

    [LoggerMessage(EventId = 312, Level = LogLevel.Error, Message = "The end of task {Task} could not be published as an operational event")]
    private static partial void LogTaskFailed(ILogger logger, Exception exception, Id<BackgroundTask> task);
}
