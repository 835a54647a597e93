using System.Text.Json;

namespace Grapnel.Storage;

/// <summary>Channels and tags of a message, as its row holds them.</summary>
internal static class Names
{
    public static string? ToJson(IReadOnlyList<string>? list) => list is null ? null : JsonSerializer.Serialize(list);

    public static IReadOnlyList<string>? FromJson(string? json) => json is null ? null : JsonSerializer.Deserialize<string[]>(json);
}

/// <summary>What messages are found by beside their ids: the rows of <c>message_label</c>.</summary>
internal static class Labels
{
    public static string Channel(string name) => "c:" + name;

    public static string Tag(string name) => "t:" + name;

    public static IEnumerable<string> Of(IReadOnlyList<string>? channels, IReadOnlyList<string>? tags) =>
        (channels ?? []).Select(Channel).Concat((tags ?? []).Select(Tag));
}
