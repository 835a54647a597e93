using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Grapnel.Receiving;

/// <summary>Reads a body whole, as it came.</summary>
internal static class RequestBody
{
    /// <summary>The body, or null when it is longer than the limit; of that, no more than the limit is kept.</summary>
    public static async Task<ReadOnlyMemory<byte>?> ReadAsync(HttpRequest request, int limit)
    {
        if (request.ContentLength > limit)
            return null;
        // What was asked for here counts, not what the server has for all routes; and the server would count the framing of chunks as well.
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } server)
            server.MaxRequestBodySize = null;
        // One more than it should be, so that its end is seen without growing.
        var (buffer, length) = (new byte[(request.ContentLength ?? Math.Min(limit, 4095)) + 1], 0);
        while (true)
        {
            if (length == buffer.Length)
            {
                if (length > limit)
                    return null;
                Array.Resize(ref buffer, (int)Math.Min((long)limit + 1, length * 2L));
            }
            int read;
            try
            {
                read = await request.Body.ReadAsync(buffer.AsMemory(length), request.HttpContext.RequestAborted).ConfigureAwait(false);
            }
            catch (BadHttpRequestException tooLong) when (tooLong.StatusCode == StatusCodes.Status413PayloadTooLarge)
            {
                return null;
            }
            if (read == 0)
                return buffer.AsMemory(0, length);
            length += read;
        }
    }
}
