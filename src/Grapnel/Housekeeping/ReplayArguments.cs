using System.Text.Json;
using Grapnel.Storage;

namespace Grapnel.Housekeeping;

/// <summary>What a person asks of a replay; null members do not filter.</summary>
internal sealed record ReplayInput
{
    /// <summary>The rate of a replay that asks for none: a receiver that has just come back bears it, and what is published meanwhile hardly notices.</summary>
    public const int DefaultRate = 1_000;

    /// <summary>The highest rate: more than a node can send, so as fast as it goes.</summary>
    public const int MaxRate = 100_000;

    /// <summary>Messages accepted at this time or later. Required.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Messages accepted before this time; null means up to now.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Messages per second, 1 to <see cref="MaxRate"/>; null means <see cref="DefaultRate"/>.</summary>
    public int? Rate { get; init; }

    /// <summary>For a bulk replay: of these event types.</summary>
    public IReadOnlyList<string>? EventTypes { get; init; }

    /// <summary>For a bulk replay: published on this channel.</summary>
    public string? Channel { get; init; }

    /// <summary>For a bulk replay: with this tag.</summary>
    public string? Tag { get; init; }

    /// <summary>For a bulk replay: whose delivery stands there; a number of <see cref="ReplayStatus"/>.</summary>
    public int? Status { get; init; }

    /// <summary>For a bulk replay: with an attempt answered like this: 0 for no answer, 100 to 500.</summary>
    public int? StatusCodeClass { get; init; }
}

/// <summary>The arguments of a replay as its task keeps them. Without a rate it has no limit: tasks from before every replay had one.</summary>
internal sealed record ReplayArguments(
    DateTimeOffset Since, DateTimeOffset Until, int? Rate, IReadOnlyList<string>? EventTypes, string? Channel, string? Tag, ReplayStatus? Status,
    int? StatusCodeClass)
{
    /// <summary>The arguments of a task.</summary>
    public static ReplayArguments Of(BackgroundTask task) => JsonSerializer.Deserialize<ReplayArguments>(task.Arguments, JsonSerializerOptions.Web)!;

    /// <summary>The arguments as text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    /// <summary>What the store is to look for.</summary>
    public ReplayQuery ToQuery(Endpoint endpoint, string kind, DateTimeOffset attemptsBefore) =>
        new(endpoint.ApplicationId, endpoint.Id, SetOf(kind), Since, Until)
        {
            AttemptsBefore = attemptsBefore,
            WithPayload = kind == BackgroundTaskKinds.ReplayMissing && endpoint.Filter is not null,
            EventTypes = EventTypes,
            Channel = Channel,
            Tag = Tag,
            Status = Status,
            StatusCodeClass = StatusCodeClass,
        };

    private static ReplaySet SetOf(string kind) => kind switch
    {
        BackgroundTaskKinds.Recover => ReplaySet.Failed,
        BackgroundTaskKinds.ReplayMissing => ReplaySet.NeverOwed,
        _ => ReplaySet.Owed,
    };
}
