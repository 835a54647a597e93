using System.Buffers;

namespace Grapnel.Server.Api;

/// <summary>Reads a request's body into memory: one array of exactly its size when the client announced it, and never more than a limit.</summary>
internal static class RequestBytes
{
    /// <summary>The content coding that is none.</summary>
    public const string Unencoded = "identity";

    private const int FirstGuess = 16 * 1024;

    /// <exception cref="BadHttpRequestException">413: the body is larger than <paramref name="limit"/>. 415: it is encoded.</exception>
    public static ValueTask<byte[]> ReadAsync(HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        RefuseEncodings(request);
        return request.ContentLength switch
        {
            0 => new ValueTask<byte[]>(Array.Empty<byte>()),
            { } length when length > limit => throw TooLarge(),
            { } length => ReadExactlyAsync(request, (int)length, cancellationToken),
            null => ReadToEndAsync(request, limit, cancellationToken),
        };
    }

    /// <summary>
    /// Nothing is decompressed: a body that says it is compressed would be held for broken JSON or, where any body will do, be delivered to
    /// receivers who are not told.
    /// </summary>
    /// <exception cref="BadHttpRequestException">415 (RFC 9110, section 15.5.16): the body has a content coding.</exception>
    public static void RefuseEncodings(HttpRequest request)
    {
        // Nearly every request has none, and every publish comes by here.
        var codings = request.Headers.ContentEncoding;
        if (codings.Count > 0 && codings.Any(coding => !string.Equals(coding, Unencoded, StringComparison.OrdinalIgnoreCase)))
            throw new BadHttpRequestException("The body is compressed. Send it as it is, without Content-Encoding.", StatusCodes.Status415UnsupportedMediaType);
    }

    private static async ValueTask<byte[]> ReadExactlyAsync(HttpRequest request, int length, CancellationToken cancellationToken)
    {
        var bytes = new byte[length];
        var filled = 0;
        while (true)
        {
            var read = await request.BodyReader.ReadAsync(cancellationToken);
            read.Buffer.CopyTo(bytes.AsSpan(filled));
            filled += (int)read.Buffer.Length;
            request.BodyReader.AdvanceTo(read.Buffer.End);
            if (filled == length || read.IsCompleted)
                return filled == length ? bytes : throw new BadHttpRequestException("The body is shorter than announced.");
        }
    }

    private static async ValueTask<byte[]> ReadToEndAsync(HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        var bytes = new ArrayBufferWriter<byte>(FirstGuess);
        while (true)
        {
            var read = await request.BodyReader.ReadAsync(cancellationToken);
            if (bytes.WrittenCount + read.Buffer.Length > limit)
            {
                // Kestrel reads what is left of the body to save the connection, and cannot while this read is open.
                request.BodyReader.AdvanceTo(read.Buffer.End);
                throw TooLarge();
            }
            foreach (var segment in read.Buffer)
                bytes.Write(segment.Span);
            request.BodyReader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return bytes.WrittenSpan.ToArray();
        }
    }

    private static BadHttpRequestException TooLarge() => new("The body is too large.", StatusCodes.Status413PayloadTooLarge);
}
