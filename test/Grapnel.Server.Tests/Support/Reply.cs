using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Grapnel.Server.Tests.Support;

/// <summary>An answer of the API.</summary>
internal sealed record Reply(int Status, string Text, HttpResponseHeaders Headers, string? ContentType)
{
    /// <summary>The body, which must be JSON.</summary>
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    public JsonElement this[string name] => Json.GetProperty(name);

    /// <summary>The fields that a 422 complains about, with dots between steps.</summary>
    public string[] Faults =>
        [.. this["detail"].EnumerateArray().Select(fault => string.Join('.', fault.GetProperty("loc").EnumerateArray().Skip(1)))];

    public string Id => this["id"].GetString()!;

    // What a failing test shows. The members above throw where the answer is not what they are for.
    public override string ToString() => $"{Status} {Text}";
}

internal static class ClientExtensions
{
    public static Task<Reply> GetJsonAsync(this HttpClient client, string path) => SendAsync(client, HttpMethod.Get, path);

    public static Task<Reply> DeleteJsonAsync(this HttpClient client, string path) => SendAsync(client, HttpMethod.Delete, path);

    public static Task<Reply> PostJsonAsync(this HttpClient client, string path, string body = "") =>
        SendAsync(client, HttpMethod.Post, path, Encoding.UTF8.GetBytes(body));

    public static Task<Reply> PutJsonAsync(this HttpClient client, string path, string body) =>
        SendAsync(client, HttpMethod.Put, path, Encoding.UTF8.GetBytes(body));

    public static Task<Reply> PatchJsonAsync(this HttpClient client, string path, string body) =>
        SendAsync(client, HttpMethod.Patch, path, Encoding.UTF8.GetBytes(body));

    public static async Task<Reply> SendAsync(
        this HttpClient client, HttpMethod method, string path, byte[]? body = null, string? contentType = "application/json",
        bool chunked = false, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            if (contentType is not null)
                request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
            request.Headers.TransferEncodingChunked = chunked;
        }
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await client.SendAsync(request);
        return new Reply((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers,
            response.Content.Headers.ContentType?.MediaType);
    }
}
