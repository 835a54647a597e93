namespace Grapnel;

/// <summary>Something that the operator should see to, from when it began until some time after it is over.</summary>
/// <param name="Key">What it is about: its kind, a colon and its subject. There is one alert for each.</param>
/// <param name="Text">What is the matter, in a sentence for people, as last seen.</param>
/// <param name="Since">When it began.</param>
/// <param name="SeenAt">When it was last seen.</param>
public sealed record Alert(string Key, string Text, DateTimeOffset Since, DateTimeOffset SeenAt)
{
    /// <summary>The application that it is about, or null.</summary>
    public Id<Application>? ApplicationId { get; init; }

    /// <summary>When people were last told that it began, or goes on; the Unix epoch when nobody was yet.</summary>
    public DateTimeOffset ToldAt { get; init; }

    /// <summary>Whether people were told.</summary>
    public bool IsTold => ToldAt > DateTimeOffset.UnixEpoch;

    /// <summary>When it was over; null while it goes on.</summary>
    public DateTimeOffset? OverAt { get; init; }

    /// <summary>From when on it is to be mailed; null when there is nothing to mail.</summary>
    public DateTimeOffset? MailAt { get; init; }

    /// <summary>What kind it is: the part of the key before the colon, or before a dash where a kind has several alerts for a subject.</summary>
    public string Kind => Key[..Key.AsSpan().IndexOfAny('-', ':')];

    /// <summary>What it is about within its kind, such as the id of an endpoint; may be empty.</summary>
    public string Subject => Key[(Key.IndexOf(':') + 1)..];
}
