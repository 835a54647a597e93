using System.Buffers.Binary;

namespace Grapnel.Storage.Catalog;

/// <summary>Ids as the UUIDs that hold the same sixteen bytes, most significant first.</summary>
internal static class Uuid
{
    public static Guid Of<T>(Id<T> id) where T : IIdentified => Of(id.Value);

    public static Guid? Of<T>(Id<T>? id) where T : IIdentified => id is { } given ? Of(given) : null;

    public static Guid Of(UInt128 value)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        return new Guid(bytes, bigEndian: true);
    }

    public static Id<T> To<T>(Guid uuid) where T : IIdentified => new(To(uuid));

    public static UInt128 To(Guid uuid)
    {
        Span<byte> bytes = stackalloc byte[16];
        uuid.TryWriteBytes(bytes, bigEndian: true, out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
