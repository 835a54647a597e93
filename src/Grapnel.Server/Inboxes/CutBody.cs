using System.Buffers;
using System.IO.Pipelines;

namespace Grapnel.Server.Inboxes;

/// <summary>A body of which the beginning was kept.</summary>
/// <param name="Bytes">The beginning, or all of it.</param>
/// <param name="Length">Bytes of all of it.</param>
internal readonly record struct CutBody(byte[] Bytes, long Length)
{
    /// <summary>Reads a body to its end, however long, and keeps at most <paramref name="keep"/> bytes.</summary>
    public static async Task<CutBody> ReadAsync(PipeReader reader, int keep, CancellationToken cancellationToken)
    {
        var kept = new ArrayBufferWriter<byte>();
        long length = 0;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            length += read.Buffer.Length;
            foreach (var segment in read.Buffer.Slice(0, Math.Min(read.Buffer.Length, keep - kept.WrittenCount)))
                kept.Write(segment.Span);
            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return new CutBody(kept.WrittenSpan.ToArray(), length);
        }
    }
}
