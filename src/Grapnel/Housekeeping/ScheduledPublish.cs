using Grapnel.Publishing;

namespace Grapnel.Housekeeping;

/// <summary>Publishes one occurrence of a schedule.</summary>
internal static class ScheduledPublish
{
    /// <summary>Ends when the occurrence is durable, published now or before; throws what <see cref="ScheduleRunner"/> expects.</summary>
    public static async Task RunAsync(Publisher publisher, Schedule schedule, DateTimeOffset occurrence, CancellationToken cancellationToken)
    {
        var result = await publisher.PublishAsync(new PublishRequest
        {
            Application = schedule.ApplicationId.ToString(),
            EventType = schedule.EventType,
            EventId = ScheduleRunner.EventId(schedule, occurrence),
            Payload = schedule.Payload ?? StandardEnvelope.Create(schedule.EventType, occurrence),
            RequireEventType = true,
        }, cancellationToken).ConfigureAwait(false);
        switch (result.Status)
        {
            case PublishStatus.Accepted or PublishStatus.RepeatedEventId:
                return;
            case PublishStatus.Unavailable:
                throw new StoreUnavailableException("The store took no message just now.");
            default:
                throw new NotFoundException($"Publishing was refused: {result.Status}.");
        }
    }
}
