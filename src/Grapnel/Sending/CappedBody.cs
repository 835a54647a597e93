using System.Buffers;
using System.Net;

namespace Grapnel.Sending;

/// <summary>Reads the beginning of a response body.</summary>
internal static class CappedBody
{
    /// <summary>
    /// Reads at most <paramref name="limit"/> bytes. A body that breaks off or is cut short by the deadline yields what had arrived: the
    /// status has been received, and whatever happens to the body changes nothing about it.
    /// </summary>
    public static async ValueTask<ReadOnlyMemory<byte>> ReadAsync(
        HttpResponseMessage response, int limit, CancellationToken cancellationToken)
    {
        if (limit == 0 || response.StatusCode == HttpStatusCode.NoContent || response.Content.Headers.ContentLength == 0)
            return default;
        var wanted = (int)Math.Min(limit, response.Content.Headers.ContentLength ?? limit);
        var buffer = ArrayPool<byte>.Shared.Rent(wanted);
        try
        {
            var length = await FillAsync(response.Content, buffer.AsMemory(0, wanted), cancellationToken);
            return length == 0 ? default : buffer.AsSpan(0, length).ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async ValueTask<int> FillAsync(HttpContent content, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var length = 0;
        try
        {
            var stream = await content.ReadAsStreamAsync(cancellationToken);
            while (length < buffer.Length && await stream.ReadAsync(buffer[length..], cancellationToken) is var read and > 0)
                length += read;
        }
        catch (Exception)
        {
            // Whatever it was: the status stands, and what arrived is what counts.
        }
        return length;
    }
}
