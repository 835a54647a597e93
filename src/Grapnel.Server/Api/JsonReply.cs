using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Grapnel.Server.Api;

/// <summary>Answers with JSON; on the routes on which a serialiser would be the largest part of the work it is written by hand.</summary>
internal static class JsonReply
{
    public const string MediaType = "application/json";

    /// <summary>How answers are written: people copy secrets from them and read what went wrong, so a '+' or a quote stays what it is. Nothing puts them into HTML.</summary>
    public static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private const int FirstGuess = 1024;
    private const int MostKept = 64 * 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    /// <summary>Writes the answer into the response's buffer, with its length; the server sends it when the request ends.</summary>
    public static Task WriteAsync<T>(HttpContext http, int status, T state, Action<Utf8JsonWriter, T> write) =>
        WriteAsync(http, status, Render(state, write));

    /// <summary>The same with what a serialiser makes of a value.</summary>
    public static Task WriteAsync<T>(HttpContext http, int status, T value, JsonTypeInfo<T> type) => WriteAsync(http, status, Render(value, type));

    /// <summary>The same with JSON that is there already.</summary>
    public static Task WriteAsync(HttpContext http, int status, ReadOnlySpan<byte> json)
    {
        var response = http.Response;
        response.StatusCode = status;
        response.ContentType = MediaType;
        response.ContentLength = json.Length;
        // An answer repeats what strangers wrote. No browser is to take it for a page.
        response.Headers.XContentTypeOptions = "nosniff";
        response.BodyWriter.Write(json);
        return Task.CompletedTask;
    }

    /// <summary>Writes a value into memory that this thread uses again for the next: the bytes are the caller's until then.</summary>
    public static ReadOnlySpan<byte> Render<T>(T value, JsonTypeInfo<T> type) =>
        Render((value, type), static (writer, state) => JsonSerializer.Serialize(writer, state.value, state.type));

    /// <summary>Writes JSON into memory that this thread uses again for the next: the bytes are the caller's until then.</summary>
    public static ReadOnlySpan<byte> Render<T>(T state, Action<Utf8JsonWriter, T> write)
    {
        if (_buffer is not { Capacity: <= MostKept } buffer)
            _buffer = buffer = new ArrayBufferWriter<byte>(FirstGuess);
        buffer.ResetWrittenCount();
        var writer = _writer ??= new Utf8JsonWriter(buffer, Plain);
        writer.Reset(buffer);
        write(writer, state);
        writer.Flush();
        return buffer.WrittenSpan;
    }
}
