using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;

namespace Grapnel.Server.Commands.Client;

/// <summary>
/// Talks to a running server, as any program outside would. What keeps it from getting an answer is a <see cref="CommandException"/>
/// that says what to do; what the answer means is for the caller to judge.
/// </summary>
internal sealed class ApiClient : IDisposable
{
    public const string UrlVariable = "GRAPNEL_URL";
    public const string DefaultUrl = "http://127.0.0.1:8000";

    private readonly HttpClient _http;
    private readonly bool _hasKey;

    public ApiClient(Uri server, string? key)
    {
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = server, Timeout = TimeSpan.FromSeconds(30) };
        if (_hasKey = key is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>A client with what the options say, and where they say nothing, the environment and the defaults.</summary>
    public static ApiClient Create(Uri? url, string? key) =>
        new(url ?? UrlFromEnvironment() ?? new Uri(DefaultUrl), ApiKeySource.Find(key));

    /// <summary>The same for what is open to everybody: no key is looked for, and none is shown.</summary>
    public static ApiClient WithoutKey(Uri? url) => new(url ?? UrlFromEnvironment() ?? new Uri(DefaultUrl), key: null);

    /// <summary>Scheme, host and port of the server.</summary>
    public string Address => _http.BaseAddress!.GetLeftPart(UriPartial.Authority);

    public Task<ApiAnswer> GetAsync(string path, CancellationToken cancel) => SendAsync(new HttpRequestMessage(HttpMethod.Get, path), cancel);

    /// <summary>Posts JSON.</summary>
    public Task<ApiAnswer> PostAsync(string path, ReadOnlyMemory<byte> json, CancellationToken cancel) => SendAsync(HttpMethod.Post, path, json, cancel);

    /// <summary>Puts JSON.</summary>
    public Task<ApiAnswer> PutAsync(string path, ReadOnlyMemory<byte> json, CancellationToken cancel) => SendAsync(HttpMethod.Put, path, json, cancel);

    /// <summary>Changes by JSON.</summary>
    public Task<ApiAnswer> PatchAsync(string path, ReadOnlyMemory<byte> json, CancellationToken cancel) => SendAsync(HttpMethod.Patch, path, json, cancel);

    public Task<ApiAnswer> DeleteAsync(string path, CancellationToken cancel) => SendAsync(new HttpRequestMessage(HttpMethod.Delete, path), cancel);

    public void Dispose() => _http.Dispose();

    private Task<ApiAnswer> SendAsync(HttpMethod method, string path, ReadOnlyMemory<byte> json, CancellationToken cancel) => SendAsync(new HttpRequestMessage(method, path)
    {
        Content = new ReadOnlyMemoryContent(json) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
    }, cancel);

    private async Task<ApiAnswer> SendAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        using var sent = request;
        try
        {
            using var response = await _http.SendAsync(sent, cancel);
            if (response.StatusCode == HttpStatusCode.Unauthorized)
                throw new CommandException($"{Address} {(_hasKey ? "does not accept this API key" : "wants an API key")}. {ApiKeySource.Help}");
            return new ApiAnswer(Address, response.StatusCode, response.ReasonPhrase, await response.Content.ReadAsByteArrayAsync(cancel));
        }
        catch (HttpRequestException failure) when (failure.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
        {
            throw new CommandException($"No server answers at {Address}. Start one with 'grapnel serve', or name another with --url.", failure);
        }
        catch (HttpRequestException failure)
        {
            throw new CommandException($"The request to {Address} failed: {failure.Message}", failure);
        }
        catch (TaskCanceledException late) when (late.InnerException is TimeoutException)
        {
            throw new CommandException($"{Address} did not answer within {_http.Timeout.TotalSeconds:0} s; whether it did what was asked is not known.", late);
        }
    }

    private static Uri? UrlFromEnvironment()
    {
        if (Environment.GetEnvironmentVariable(UrlVariable) is not { Length: > 0 } text)
            return null;
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new CommandException($"The environment variable {UrlVariable} is not an http or https address.");
    }
}

/// <summary>An answer of the server.</summary>
/// <param name="Address">The server.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Reason">Its phrase.</param>
/// <param name="Body">The body.</param>
internal sealed record ApiAnswer(string Address, HttpStatusCode Status, string? Reason, byte[] Body)
{
    public bool Succeeded => (int)Status is >= 200 and < 300;

    /// <summary>What the server says for people, or null.</summary>
    public string? Detail => ProblemText.Read(Body);

    /// <summary>Reads the body of a success.</summary>
    public T Read<T>()
    {
        ThrowIfFailed();
        try
        {
            return JsonSerializer.Deserialize<T>(Body, JsonSerializerOptions.Web) ?? throw new JsonException("null");
        }
        catch (JsonException unreadable)
        {
            throw new CommandException($"{Address} answered {(int)Status}, but not as a Grapnel server does. Is --url right?", unreadable);
        }
    }

    public void ThrowIfFailed()
    {
        if (!Succeeded)
            throw Failure();
    }

    /// <summary>The failure as a sentence.</summary>
    public CommandException Failure() => new($"{Address} answered {(int)Status} {Reason}: {Detail ?? "it gave no reason."}");
}
