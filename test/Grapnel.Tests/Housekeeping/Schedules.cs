namespace Grapnel.Tests.Housekeeping;

internal static class Schedules
{
    /// <summary>A schedule with neither cron expression nor interval, to be completed by <c>with</c>.</summary>
    public static Schedule Empty { get; } = new()
    {
        Id = new Id<Schedule>(1),
        ApplicationId = new Id<Application>(2),
        EventType = "invoice.due",
        NextAt = DateTimeOffset.UnixEpoch,
        CreatedAt = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch,
    };
}
