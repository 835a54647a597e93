using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;

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

    /// <summary>Registers an endpoint for one event type.</summary>
    public Task CreateEndpointAsync(string url, string eventType, CancellationToken cancel, string application = DefaultApplication) =>
        PostAsync($"/api/v1/app/{application}/endpoint", new { url, eventTypes = new[] { eventType } }, cancel);

    public Task PublishAsync(string application, string eventType, object payload, CancellationToken cancel) =>
        PostAsync($"/api/v1/app/{application}/msg", new { eventType, payload }, cancel);

    /// <summary>Publishes by the simple path; false when the server cannot be reached or refuses.</summary>
    public async Task<bool> TryTriggerAsync(string eventType, ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        using var content = new ReadOnlyMemoryContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        try
        {
            using var response = await _http.PostAsync($"/trigger/{eventType}", content, cancel);
            return response.StatusCode == HttpStatusCode.Accepted;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>Reads an answer to its end.</summary>
    public async Task GetAsync(string path, CancellationToken cancel)
    {
        using var response = await _http.GetAsync(path, cancel);
        if (!response.IsSuccessStatusCode)
            throw new BenchException($"GET {path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(cancel)}");
    }

    public void Dispose() => _http.Dispose();

    private async Task PostAsync(string path, object body, CancellationToken cancel)
    {
        using var response = await _http.PostAsJsonAsync(path, body, cancel);
        if (!response.IsSuccessStatusCode)
            throw new BenchException($"POST {path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(cancel)}");
    }
}
