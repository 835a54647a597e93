using System.Buffers.Binary;

namespace Grapnel.Storage;

/// <summary>What a message owes or owed: endpoint ids with places, packed into the message's row.</summary>
internal static class Owed
{
    /// <summary>Stands for the place of the message itself, where that is not known yet when the list is packed.</summary>
    public const long OwnPlace = 0;

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
    /// <param name="bytes">The list.</param>
    /// <param name="own">The place of the message.</param>
    public static List<(Id<Endpoint> EndpointId, long Seq)> Unpack(ReadOnlySpan<byte> bytes, long own = OwnPlace)
    {
        var pairs = new List<(Id<Endpoint>, long)>(bytes.Length / Width);
        for (; bytes.Length >= Width; bytes = bytes[Width..])
            pairs.Add((Id<Endpoint>.FromBytes(bytes), BinaryPrimitives.ReadInt64BigEndian(bytes[16..]) is not OwnPlace and var place ? place : own));
        return pairs;
    }

    private static void Write(Span<byte> target, Id<Endpoint> endpoint, long seq)
    {
        BinaryPrimitives.WriteUInt128BigEndian(target, endpoint.Value);
        BinaryPrimitives.WriteInt64BigEndian(target[16..], seq);
    }
}
