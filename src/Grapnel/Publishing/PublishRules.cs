using System.Buffers;

namespace Grapnel.Publishing;

/// <summary>What the fields of a message must look like.</summary>
public static class PublishRules
{
    private const int MaxTags = 5;
    private const string Plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    private static readonly SearchValues<char> NameChars = SearchValues.Create(Plain);
    private static readonly SearchValues<char> ChannelChars = SearchValues.Create(Plain + ":+");
    private static readonly SearchValues<char> TagChars = SearchValues.Create(Plain + @"/\#:");

    /// <summary>How deep the JSON of a payload may be nested for it to be read.</summary>
    public const int MaxDepth = 512;

    /// <summary>The most channels that a message is published on, or an endpoint listens on.</summary>
    public const int MaxChannels = 10;

    /// <summary>Whether a uid, event id or event type has 1 to 256 letters, digits, <c>-</c>, <c>_</c> or <c>.</c></summary>
    public static bool IsName(string? text) => Consists(text, NameChars);

    /// <summary>Whether a channel has 1 to 256 characters of a name, <c>:</c> or <c>+</c>.</summary>
    public static bool IsChannel(string? text) => Consists(text, ChannelChars);

    private static bool IsTag(string? text) => Consists(text, TagChars);

    /// <summary>What to tell about a field that fails <see cref="IsName"/>.</summary>
    public const string NameRule = "must be 1 to 256 letters, digits, '-', '_' or '.'";

    /// <summary>What to tell about a field that fails <see cref="IsChannel"/>.</summary>
    public const string ChannelRule = "must be 1 to 256 letters, digits, '-', '_', '.', ':' or '+'";

    private const string TagRule = @"must be 1 to 256 letters, digits, '-', '_', '.', ':', '/', '\' or '#'";

    /// <summary>Checks the fields that routing looks at.</summary>
    /// <exception cref="InvalidInputException">One does not fit.</exception>
    internal static void CheckRouting(string eventType, IReadOnlyList<string>? channels)
    {
        var request = new PublishRequest { Application = "", EventType = eventType, Channels = channels, Payload = default };
        if (Check(request, default, new PublishingOptions()) is { } errors)
            throw new InvalidInputException(errors);
    }

    /// <summary>Every field at fault, or null when there is none.</summary>
    internal static IReadOnlyList<FieldError>? Check(PublishRequest request, DateTimeOffset now, PublishingOptions options)
    {
        List<FieldError>? errors = null;
        if (!IsName(request.EventType))
            Add("eventType", NameRule);
        if (request.EventId is not null && !IsName(request.EventId))
            Add("eventId", NameRule);
        if (request.Channels is { Count: 0 or > MaxChannels })
            Add("channels", $"must have 1 to {MaxChannels} entries, or be absent");
        CheckEach(request.Channels, "channels", IsChannel, ChannelRule);
        if (request.Tags is { Count: > MaxTags })
            Add("tags", $"must have at most {MaxTags} entries");
        CheckEach(request.Tags, "tags", IsTag, TagRule);
        if (request.DeliverAt > now + options.MaxDeliverAhead)
            Add("deliverAt", $"must be at most {options.MaxDeliverAhead.TotalDays:0.##} days ahead");
        if (!IsContentType(request.ContentType))
            Add("contentType", "must be 1 to 256 printable ASCII characters");
        return errors;

        void Add(string field, string message) => (errors ??= []).Add(new FieldError(field, message));

        void CheckEach(IReadOnlyList<string>? labels, string field, Func<string?, bool> fits, string rule)
        {
            for (var i = 0; i < labels?.Count; i++)
                if (!fits(labels[i]))
                    Add($"{field}.{i}", rule);
        }
    }

    private static bool Consists(string? text, SearchValues<char> of) =>
        text is { Length: >= 1 and <= 256 } && !text.AsSpan().ContainsAnyExcept(of);

    private static bool IsContentType(string text) =>
        text is { Length: >= 1 and <= 256 } && !text.AsSpan().ContainsAnyExceptInRange(' ', '~');
}
