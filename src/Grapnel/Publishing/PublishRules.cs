using System.Buffers;

namespace Grapnel.Publishing;

/// <summary>What the fields of a message must look like.</summary>
public static class PublishRules
{
    private const int MaxLabels = 5;
    private static readonly SearchValues<char> NameChars =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <summary>Whether a uid, event id, event type, channel or tag has 1 to 256 letters, digits, <c>-</c>, <c>_</c> or <c>.</c></summary>
    public static bool IsName(string? text) => text is { Length: >= 1 and <= 256 } && !text.AsSpan().ContainsAnyExcept(NameChars);

    /// <summary>What to tell about a field that fails <see cref="IsName"/>.</summary>
    public const string NameRule = "must be 1 to 256 letters, digits, '-', '_' or '.'";

    /// <summary>Every field at fault, or null when there is none.</summary>
    internal static IReadOnlyList<FieldError>? Check(PublishRequest request, DateTimeOffset now, PublishingOptions options)
    {
        List<FieldError>? errors = null;
        if (!IsName(request.EventType))
            Add("eventType", NameRule);
        if (request.EventId is not null && !IsName(request.EventId))
            Add("eventId", NameRule);
        CheckLabels(request.Channels, "channels");
        CheckLabels(request.Tags, "tags");
        if (request.DeliverAt > now + options.MaxDeliverAhead)
            Add("deliverAt", $"must be at most {options.MaxDeliverAhead.TotalDays:0.##} days ahead");
        if (!IsContentType(request.ContentType))
            Add("contentType", "must be 1 to 256 printable ASCII characters");
        return errors;

        void Add(string field, string message) => (errors ??= []).Add(new FieldError(field, message));

        void CheckLabels(IReadOnlyList<string>? labels, string field)
        {
            if (labels is null)
                return;
            if (labels.Count is 0 or > MaxLabels)
                Add(field, $"must have 1 to {MaxLabels} entries, or be absent");
            for (var i = 0; i < labels.Count; i++)
                if (!IsName(labels[i]))
                    Add($"{field}.{i}", NameRule);
        }
    }

    private static bool IsContentType(string text) =>
        text is { Length: >= 1 and <= 256 } && !text.AsSpan().ContainsAnyExceptInRange(' ', '~');
}
