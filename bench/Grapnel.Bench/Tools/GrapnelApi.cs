using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Grapnel.Bench.Tools;

/// <summary>The few calls of the HTTP API that a benchmark makes.</summary>
internal sealed class GrapnelApi : IDisposable
{
    /// <summary>The application that exists from the start.</summary>
    public const string DefaultApplication = "default";

    private readonly HttpClient _http;

    public GrapnelApi(Uri server, string key)
    {
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = server };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public async Task<bool> IsReadyAsync(CancellationToken cancel)
    {
        try
        {
            using var response = await _http.GetAsync("/health/ready", cancel);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public Task CreateEventTypeAsync(string name, CancellationToken cancel) =>
        PostAsync("/api/v1/event-type", new { name, description = "Benchmark" }, cancel);

    public Task CreateApplicationAsync(string uid, CancellationToken cancel) =>
        PostAsync("/api/v1/app", new { name = uid, uid }, cancel);

    /// <summary>Registers an endpoint for one event type, and returns its id.</summary>
    public async Task<string> CreateEndpointAsync(string url, string eventType, CancellationToken cancel, string application = DefaultApplication) =>
        (await PostAsync($"/api/v1/app/{application}/endpoint", new { url, eventTypes = new[] { eventType } }, cancel)).GetProperty("id").GetString()!;

    /// <summary>Begins to send everything that an endpoint of the default application got since a time once more, and returns the task.</summary>
    /// <param name="endpoint">Its id.</param>
    /// <param name="since">The beginning of the range, which ends now.</param>
    /// <param name="rate">Messages per second; null for the default.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<string> ReplayAsync(string endpoint, DateTimeOffset since, int? rate, CancellationToken cancel) =>
        (await PostAsync($"/api/v1/app/{DefaultApplication}/endpoint/{endpoint}/bulk-replay", new { since, rate }, cancel)).GetProperty("id").GetString()!;

    /// <summary>Whether a task has not ended.</summary>
    public async Task<bool> IsRunningAsync(string task, CancellationToken cancel) =>
        (await _http.GetFromJsonAsync<JsonElement>($"/api/v1/background-task/{task}", cancel)).GetProperty("status").GetString() == "running";

    /// <summary>Stops a task, unless it has ended.</summary>
    public async Task CancelAsync(string task, CancellationToken cancel)
    {
        using var response = await _http.PostAsync($"/api/v1/background-task/{task}/cancel", null, cancel);
        if (!response.IsSuccessStatusCode && response.StatusCode != HttpStatusCode.Conflict)
            throw new BenchException($"The task could not be cancelled: {(int)response.StatusCode}");
    }

    public Task PublishAsync(string application, string eventType, object payload, CancellationToken cancel) =>
        PostAsync($"/api/v1/app/{application}/msg", new { eventType, payload }, cancel);

    /// <summary>Publishes by the simple path; false when the server cannot be reached or refuses.</summary>
    public Task<bool> TryTriggerAsync(string eventType, ReadOnlyMemory<byte> body, CancellationToken cancel) =>
        TryPublishAsync($"/trigger/{eventType}", body, cancel);

    /// <summary>Publishes a payload of JSON to an application; false when the server cannot be reached or refuses.</summary>
    public Task<bool> TryPublishAsync(string application, string eventType, ReadOnlyMemory<byte> payload, CancellationToken cancel) => TryPublishAsync(
        $"/api/v1/app/{application}/msg", (byte[])[.. Encoding.ASCII.GetBytes($"{{\"eventType\":\"{eventType}\",\"payload\":"), .. payload.Span, (byte)'}'], cancel);

    private async Task<bool> TryPublishAsync(string path, ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        using var content = new ReadOnlyMemoryContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        try
        {
            using var response = await _http.PostAsync(path, content, cancel);
            return response.StatusCode == HttpStatusCode.Accepted;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>Whether an application has any message.</summary>
    public async Task<bool> AnyMessageAsync(string application, CancellationToken cancel) =>
        (await _http.GetFromJsonAsync<JsonElement>($"/api/v1/app/{application}/msg?limit=1", cancel)).GetProperty("data").GetArrayLength() > 0;

    /// <summary>Reads an answer to its end.</summary>
    public async Task GetAsync(string path, CancellationToken cancel)
    {
        using var response = await _http.GetAsync(path, cancel);
        if (!response.IsSuccessStatusCode)
            throw new BenchException($"GET {path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(cancel)}");
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonElement> PostAsync(string path, object body, CancellationToken cancel)
    {
        using var response = await _http.PostAsJsonAsync(path, body, cancel);
        if (!response.IsSuccessStatusCode)
            throw new BenchException($"POST {path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(cancel)}");
        return await response.Content.ReadFromJsonAsync<JsonElement>(cancel);
    }
}
