using System.Buffers.Binary;
using System.Text.Json;

namespace Grapnel.Storage.Sqlite;

/// <summary>Between rows of the hot tables and the domain's records.</summary>
internal static class Rows
{
    /// <summary>The columns that <see cref="ReadMessage"/> expects, payload last.</summary>
    public const string MessageColumns =
        "m.id, m.application_id, m.event_type, m.event_id, m.channels, m.tags, m.content_type, m.accepted_at, m.deliver_at, m.route_version";

    /// <summary>The number of columns that a message takes, its payload included.</summary>
    public const int MessageWidth = 11;

    /// <summary>Reads a message from <see cref="MessageColumns"/> and, right after them, its payload or NULL.</summary>
    public static Message ReadMessage(Statement row, int column = 0) => new()
    {
        Id = row.Id<Message>(column),
        ApplicationId = row.Id<Application>(column + 1),
        EventType = row.Text(column + 2),
        EventId = row.TextOrNull(column + 3),
        Channels = FromJson(row.TextOrNull(column + 4)),
        Tags = FromJson(row.TextOrNull(column + 5)),
        ContentType = row.Text(column + 6),
        AcceptedAt = row.Time(column + 7),
        DeliverAt = row.TimeOrNull(column + 8),
        RouteVersion = row.Int64(column + 9),
        Payload = row.IsNull(column + 10) ? default(ReadOnlyMemory<byte>?) : row.Blob(column + 10).ToArray(),
    };

    public static string? ToJson(IReadOnlyList<string>? list) => list is null ? null : JsonSerializer.Serialize(list);

    public static IReadOnlyList<string>? FromJson(string? json) => json is null ? null : JsonSerializer.Deserialize<string[]>(json);

    public static EndpointHealth ReadHealth(Statement row) =>
        new(row.Id<Endpoint>(0), row.TimeOrNull(1), row.Int32(2), row.Int64(3));
}

/// <summary>What messages are found by beside their ids: the rows of <c>message_label</c>.</summary>
internal static class Labels
{
    public static string Channel(string name) => "c:" + name;

    public static string Tag(string name) => "t:" + name;

    public static IEnumerable<string> Of(IReadOnlyList<string>? channels, IReadOnlyList<string>? tags) =>
        (channels ?? []).Select(Channel).Concat((tags ?? []).Select(Tag));
}

/// <summary>What a message owes or owed: endpoint ids with places, packed into the message's row.</summary>
internal static class Owed
{
    private const int Width = 24;

    /// <summary>Packs one place at each of the endpoints.</summary>
    public static byte[] Pack(IReadOnlyList<Id<Endpoint>> endpoints, long seq)
    {
        var bytes = new byte[endpoints.Count * Width];
        for (var i = 0; i < endpoints.Count; i++)
            Write(bytes.AsSpan(i * Width), endpoints[i], seq);
        return bytes;
    }

    /// <summary>Packs a list.</summary>
    public static byte[] Pack(IReadOnlyList<(Id<Endpoint> EndpointId, long Seq)> pairs)
    {
        var bytes = new byte[pairs.Count * Width];
        for (var i = 0; i < pairs.Count; i++)
            Write(bytes.AsSpan(i * Width), pairs[i].EndpointId, pairs[i].Seq);
        return bytes;
    }

    /// <summary>Unpacks the list.</summary>
    public static List<(Id<Endpoint> EndpointId, long Seq)> Unpack(ReadOnlySpan<byte> bytes)
    {
        var pairs = new List<(Id<Endpoint>, long)>(bytes.Length / Width);
        for (; bytes.Length >= Width; bytes = bytes[Width..])
            pairs.Add((Id<Endpoint>.FromBytes(bytes), BinaryPrimitives.ReadInt64BigEndian(bytes[16..])));
        return pairs;
    }

    private static void Write(Span<byte> target, Id<Endpoint> endpoint, long seq)
    {
        BinaryPrimitives.WriteUInt128BigEndian(target, endpoint.Value);
        BinaryPrimitives.WriteInt64BigEndian(target[16..], seq);
    }
}
