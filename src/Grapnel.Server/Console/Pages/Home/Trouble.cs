using Grapnel.Dispatching;
using Grapnel.Reporting;
using Grapnel.Server.Console.Shared;

namespace Grapnel.Server.Console.Pages.Home;

/// <summary>An endpoint's trouble in words.</summary>
internal static class Trouble
{
    /// <summary>Why it is in trouble, in a sentence.</summary>
    public static string ReasonOf(EndpointTrouble trouble) => trouble.Endpoint.DisabledReason switch
    {
        EndpointDisabledReason.Gone => "It answered 410 Gone, which asks for no more webhooks, so it was disabled.",
        EndpointDisabledReason.FailingForTooLong => $"Nothing but failures for too long, so it was disabled. {Last(trouble)}.",
        EndpointDisabledReason.OrderedExhausted => $"It wants strict order, and its first message was tried to the end, so it was disabled. {Last(trouble)}.",
        _ => $"{Last(trouble)}{InARow(trouble.Lane)}.",
    };

    /// <summary>Since when it is.</summary>
    public static DateTimeOffset? SinceOf(EndpointTrouble trouble) =>
        trouble.Endpoint.DisabledReason is null ? trouble.Lane.Stored.Health?.FailingSince : trouble.Endpoint.UpdatedAt;

    /// <summary>How many deliveries are pending: "12", or "10,000+" where nobody counts on.</summary>
    public static string PendingOf(LaneView lane) => Words.Number(lane.Stored.Pending.Count) + (lane.Stored.Pending.IsMore ? "+" : "");

    private static string Last(EndpointTrouble trouble) =>
        trouble.LastAttempt is { } last ? Outcomes.Describe(last.Outcome, last.StatusCode) : "Every attempt fails";

    private static string InARow(LaneView lane) => lane.Stored.Health is { Failures: > 1 and var failures } ? $", {Words.Number(failures)} times in a row" : "";
}
