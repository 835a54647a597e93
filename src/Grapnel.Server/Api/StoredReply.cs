using System.Buffers.Binary;

namespace Grapnel.Server.Api;

/// <summary>An answer as it is remembered for repeats of its request: status (two bytes, big-endian), then the JSON, if any.</summary>
internal static class StoredReply
{
    private const int Head = sizeof(ushort);

    public static byte[] Pack(int status, ReadOnlySpan<byte> json)
    {
        var packed = new byte[Head + json.Length];
        BinaryPrimitives.WriteUInt16BigEndian(packed, (ushort)status);
        json.CopyTo(packed.AsSpan(Head));
        return packed;
    }

    /// <summary>Answers a repeat.</summary>
    public static Task WriteAsync(HttpContext http, ReadOnlySpan<byte> packed)
    {
        var status = BinaryPrimitives.ReadUInt16BigEndian(packed);
        if (packed.Length > Head)
            return JsonReply.WriteAsync(http, status, packed[Head..]);
        http.Response.StatusCode = status;
        return Task.CompletedTask;
    }
}
