using System.Text.Json;
using Grapnel.Publishing;
using Microsoft.Extensions.Logging;

namespace Grapnel.Housekeeping;

internal sealed partial class OperationalEvents
{
    public const string BackgroundTaskFinished = "background_task.finished";

    /// <summary>Publishes that a background task has ended, however it did. Failing to is logged; the task itself tells in any case.</summary>
    public async Task TaskEndedAsync(BackgroundTask task, CancellationToken cancellationToken)
    {
        try
        {
            var routes = await _routes.FindAsync(Application.OperationalUid, cancellationToken).ConfigureAwait(false);
            if (routes is null || routes.Plan(BackgroundTaskFinished, null).Owed.Count == 0)
                return;
            await _publisher.PublishAsync(new PublishRequest
            {
                Application = Application.OperationalUid,
                EventType = BackgroundTaskFinished,
                Payload = Body(task),
            }, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogTaskFailed(_logger, e, task.Id);
        }
    }

    private static byte[] Body(BackgroundTask task)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("type", BackgroundTaskFinished);
            json.WriteString("timestamp", task.UpdatedAt);
            json.WriteStartObject("data");
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
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    [LoggerMessage(EventId = 312, Level = LogLevel.Error, Message = "The end of task {Task} could not be published as an operational event")]
    private static partial void LogTaskFailed(ILogger logger, Exception exception, Id<BackgroundTask> task);
}
