using System.Globalization;
using Grapnel.Storage;

namespace Grapnel.Server.Console.Pages.Messages;

/// <summary>What the filter bar of the messages says, in the words of the address. Null members do not filter.</summary>
public sealed record MessageQuery
{
    /// <summary>The spans to choose from, back from now.</summary>
    public static readonly IReadOnlyList<(string Word, string Name, TimeSpan Span)> Ranges =
    [
        ("15m", "Last 15 minutes", TimeSpan.FromMinutes(15)), ("1h", "Last hour", TimeSpan.FromHours(1)), ("24h", "Last 24 hours", TimeSpan.FromDays(1)),
        ("7d", "Last 7 days", TimeSpan.FromDays(7)), ("30d", "Last 30 days", TimeSpan.FromDays(30)),
    ];

    /// <summary>The states to choose from.</summary>
    public static readonly IReadOnlyList<(string Word, string Name, MessageStatus Status)> Statuses =
    [
        ("delivered", "Delivered", MessageStatus.Delivered), ("waiting", "Waiting", MessageStatus.Pending), ("failed", "Failed", MessageStatus.Failed),
        ("cancelled", "Cancelled", MessageStatus.Cancelled), ("not-owed", "Owed to nobody", MessageStatus.NotOwed),
    ];

    /// <summary>The range of one's own choosing: <see cref="From"/> and <see cref="To"/>.</summary>
    public const string OwnRange = "own";

    /// <summary>Whether messages of every application are listed.</summary>
    public bool IsOfAll { get; init; }

    /// <summary>The name of an event type.</summary>
    public string? Type { get; init; }

    /// <summary>An endpoint by id.</summary>
    public string? Endpoint { get; init; }

    /// <summary>A word of <see cref="Statuses"/>.</summary>
    public string? Status { get; init; }

    /// <summary>A word of <see cref="Ranges"/>, or <see cref="OwnRange"/>.</summary>
    public string? Range { get; init; }

    /// <summary>Accepted from this time on, UTC.</summary>
    public string? From { get; init; }

    /// <summary>Accepted before this time, UTC.</summary>
    public string? To { get; init; }

    /// <summary>An id or event id. Whatever else is chosen does not matter then.</summary>
    public string? Find { get; init; }

    /// <summary>A tag.</summary>
    public string? Tag { get; init; }

    /// <summary>Whether anything narrows the list.</summary>
    public bool IsNarrowed => this with { IsOfAll = false } != new MessageQuery();

    /// <summary>The same for the store.</summary>
    /// <param name="application">The application, unless all are listed.</param>
    /// <param name="now">The time that spans reach back from.</param>
    public MessageRowFilter ToFilter(Id<Application> application, DateTimeOffset now) => new()
    {
        ApplicationId = IsOfAll ? null : application,
        EventTypes = Type is null ? null : [Type],
        EndpointId = Id<Endpoint>.TryParse(Endpoint, out var endpoint) ? endpoint : null,
        Status = Statuses.Where(status => status.Word == Status).Select(status => (MessageStatus?)status.Status).FirstOrDefault(),
        After = Range == OwnRange ? Time(From) : Ranges.Where(range => range.Word == Range).Select(range => (DateTimeOffset?)(now - range.Span)).FirstOrDefault(),
        Before = Range == OwnRange ? Time(To) : null,
        Tag = Tag,
    };

    private static DateTimeOffset? Time(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
