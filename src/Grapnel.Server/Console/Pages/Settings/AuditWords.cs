using System.Text.Json;

namespace Grapnel.Server.Console.Pages.Settings;

/// <summary>The audit log in words.</summary>
internal static class AuditWords
{
    private const string User = "user:";
    private const string Key = "key:";
    private const string Token = "token:";
    private static readonly string[] WithoutPrefix = [Auditing.Actor.Engine, Auditing.Actor.CommandLine, Auditing.Actor.Stranger];

    /// <summary>Who it was, for people.</summary>
    public static string Who(string actor) => actor switch
    {
        _ when actor.StartsWith(User, StringComparison.Ordinal) => actor[User.Length..],
        _ when actor.StartsWith(Key, StringComparison.Ordinal) => "API key " + Words.Shorten(actor[Key.Length..].Split(' ', 2) is [_, { Length: > 0 } name] ? name : actor[Key.Length..], 40),
        _ when actor.StartsWith(Token, StringComparison.Ordinal) => "Token " + Words.Shorten(actor[Token.Length..]),
        Auditing.Actor.Engine => "Grapnel itself",
        Auditing.Actor.CommandLine => "Command line",
        Auditing.Actor.Stranger => "Somebody not signed in",
        _ => actor,
    };

    /// <summary>What somebody typed to find an actor, as the log spells it: a bare name is a user's.</summary>
    public static string? Actor(string? typed) => typed is null || typed.Contains(':') || WithoutPrefix.Contains(typed) ? typed : Auditing.Actor.User(typed);

    /// <summary>What was done: "Endpoint secret rotated".</summary>
    public static string What(string action)
    {
        var words = action.Replace('.', ' ').Replace('-', ' ').Replace("api key", "API key", StringComparison.Ordinal);
        return char.ToUpperInvariant(words[0]) + words[1..];
    }

    /// <summary>The page of what it was done to, or null where there is none.</summary>
    public static string? Href(AuditEntry entry) => entry.Action.Split('.')[0] switch
    {
        _ when entry.Action.EndsWith(".deleted", StringComparison.Ordinal) || entry.Action.EndsWith(".erased", StringComparison.Ordinal) => null,
        "application" => "/applications/" + Uri.EscapeDataString(entry.Subject),
        "endpoint" => "/webhooks/" + Uri.EscapeDataString(entry.Subject),
        "event-type" => "/events/" + Uri.EscapeDataString(entry.Subject),
        "message" => "/messages/" + Uri.EscapeDataString(entry.Subject),
        "api-key" => "/settings/keys",
        // A slash in a name would part the path.
        "user" when !entry.Subject.Contains('/') => "/settings/users/" + Uri.EscapeDataString(entry.Subject),
        _ => null,
    };

    /// <summary>The changes that an entry tells of.</summary>
    public static IEnumerable<FieldChange> Changes(string? json)
    {
        if (json is null)
            yield break;
        using var document = JsonDocument.Parse(json);
        foreach (var field in document.RootElement.EnumerateObject())
            yield return new FieldChange(field.Name, Text(field.Value, "from"), Text(field.Value, "to"), field.Value.TryGetProperty("changed", out _));
    }

    private static string? Text(JsonElement change, string name) => !change.TryGetProperty(name, out var value) ? null : value.ValueKind switch
    {
        JsonValueKind.Null => "none",
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Array => value.GetArrayLength() == 0 ? "none" : string.Join(", ", value.EnumerateArray().Select(entry => entry.ToString())),
        _ => value.GetRawText(),
    };
}

/// <summary>What changed of one field.</summary>
/// <param name="Field">Its name.</param>
/// <param name="From">What it was, or null.</param>
/// <param name="To">What it is, or null.</param>
/// <param name="IsHidden">Whether it says only that it changed.</param>
internal sealed record FieldChange(string Field, string? From, string? To, bool IsHidden);
