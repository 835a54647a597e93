using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;

namespace Grapnel.Server.Api.Description;

internal static class ScheduleOperations
{
    private const string Tag = "Schedule";
    private const string Example = """{"eventType":"order.placed","cron":"0 8 * * 1-5","payload":{"report":"daily"}}""";

    public static Operation Create { get; } = new(Tag, "create", "Publish an event again and again")
    {
        Details = "Give `cron`, in UTC, or `minInterval` and `maxInterval` for a random interval. Occurrences missed while the server was down are made up for by one at most.",
        Body = RequestContent.Of<ScheduleIn>(Example),
        Answers = [Answer.Created<ScheduleOut>()],
    };

    public static Operation List { get; } = new(Tag, "list", "List schedules, the newest first")
    {
        Query = QueryParameter.OrderedPage("descending"),
        Answers = [Answer.Ok<ListOut<ScheduleOut>>("A page.")],
    };

    public static Operation Get { get; } = new(Tag, "get", "Get a schedule") { Answers = [Answer.Ok<ScheduleOut>()] };

    public static Operation Put { get; } = new(Tag, "upsert", "Replace a schedule, or create it")
    {
        Body = RequestContent.Of<ScheduleIn>(Example),
        Answers = [Answer.Ok<ScheduleOut>(), Answer.Created<ScheduleOut>("There was none; it has been made, with an id of its own.")],
    };

    public static Operation Patch { get; } = new(Tag, "patch", "Change fields of a schedule")
    {
        Details = "What is absent stays; null unsets. Its next time is drawn anew.",
        Body = RequestContent.Of<SchedulePatch>("""{"enabled":false}"""),
        Answers = [Answer.Ok<ScheduleOut>()],
    };

    public static Operation Delete { get; } = new(Tag, "delete", "Delete a schedule") { Answers = [Answer.NoContent()] };
}

/// <summary>A schedule to make.</summary>
internal record ScheduleIn : SchedulePatch
{
    /// <summary>The event type to publish; must be registered.</summary>
    public new required string EventType { get; init; }
}

/// <summary>What may be changed of a schedule.</summary>
internal record SchedulePatch
{
    /// <summary>The event type to publish; must be registered.</summary>
    public string? EventType { get; init; }

    /// <summary>A cron expression of five fields, or six with seconds, in UTC.</summary>
    public string? Cron { get; init; }

    /// <summary>The shortest random interval in seconds, at least 1.</summary>
    [Range(1, 31622400)]
    public double? MinInterval { get; init; }

    /// <summary>The longest random interval in seconds, at most 366 days.</summary>
    [Range(1, 31622400)]
    public double? MaxInterval { get; init; }

    /// <summary>What to publish; null for the standard envelope.</summary>
    public JsonNode? Payload { get; init; }

    /// <summary>Whether it runs. Default true.</summary>
    public bool? Enabled { get; init; }
}
