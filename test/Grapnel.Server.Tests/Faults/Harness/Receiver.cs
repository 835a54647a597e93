using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Grapnel.Server.Tests.Faults.Harness;

/// <summary>One request as a receiver logged it.</summary>
/// <param name="Path">Tells endpoints apart that share a receiver.</param>
/// <param name="Id">The <c>webhook-id</c>.</param>
/// <param name="At">A timestamp of <see cref="TimeProvider.System"/>.</param>
/// <param name="Body">Byte for byte.</param>
/// <param name="Timestamp">The <c>webhook-timestamp</c>.</param>
/// <param name="Signature">The <c>webhook-signature</c>.</param>
/// <param name="Protocol"><c>HTTP/1.1</c> or <c>HTTP/2</c>.</param>
/// <param name="Concurrent">Requests of this path that were open when it came, itself included.</param>
internal sealed record Arrival(string Path, string Id, long At, byte[] Body, string Timestamp, string Signature, string Protocol, int Concurrent)
{
    public string BodyHash { get; } = Convert.ToHexString(SHA256.HashData(Body));

    /// <summary>The status it was answered with, or 0 as long as it was not.</summary>
    public int Status { get; set; }
}

/// <summary>A receiver on loopback that logs what comes and answers what a test tells it to.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Arrival> _arrivals = new();
    private readonly ConcurrentDictionary<string, int> _open = new();
    private readonly CancellationTokenSource _stopping = new();

    private Receiver(WebApplication app) => _app = app;

    /// <summary>Decides the status for an arrival. The token is cancelled when the sender goes away, and when the receiver stops.</summary>
    public Func<Arrival, CancellationToken, Task<int>> Answer { get; set; } = (_, _) => Task.FromResult(200);

    /// <summary>An answer that refuses one delivery in twenty at its first attempt.</summary>
    public static Func<Arrival, CancellationToken, Task<int>> FailOneInTwentyOnce()
    {
        var seen = new ConcurrentDictionary<(string, string), int>();
        return (arrival, _) => Task.FromResult(seen.TryAdd((arrival.Path, arrival.Id), 0) && seen.Count % 20 == 0 ? 500 : 200);
    }

    public IReadOnlyCollection<Arrival> Arrivals => _arrivals;

    public IEnumerable<Arrival> At(string path) => _arrivals.Where(arrival => arrival.Path == path);

    public string Url(string path = "/") => _app.Urls.First() + path;

    public static async Task<Receiver> StartAsync(X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.Zero);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen =>
        {
            if (certificate is not null)
                listen.UseHttps(certificate);
        }));
        var app = builder.Build();
        var receiver = new Receiver(app);
        app.Run(receiver.ReceiveAsync);
        await app.StartAsync();
        return receiver;
    }

    public Task WaitForAsync(int arrivals, string? path = null) => Eventually.IsTrueAsync(
        $"{arrivals} requests arrive at {path ?? "the receiver"}", () => (path is null ? _arrivals.Count : At(path).Count()) >= arrivals);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _app.DisposeAsync();
        _stopping.Dispose();
    }

    private async Task ReceiveAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        var path = http.Request.Path.Value!;
        var concurrent = _open.AddOrUpdate(path, 1, (_, open) => open + 1);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, _stopping.Token);
        try
        {
            await http.Request.Body.CopyToAsync(body, gone.Token);
            var headers = http.Request.Headers;
            var arrival = new Arrival(
                path, headers["webhook-id"].ToString(), TimeProvider.System.GetTimestamp(), body.ToArray(),
                headers["webhook-timestamp"].ToString(), headers["webhook-signature"].ToString(), http.Request.Protocol, concurrent);
            _arrivals.Enqueue(arrival);
            http.Response.StatusCode = await Answer(arrival, gone.Token);
            arrival.Status = http.Response.StatusCode;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or BadHttpRequestException)
        {
            // The sender went away: what these tests are about.
        }
        finally
        {
            _open.AddOrUpdate(path, 0, (_, open) => open - 1);
        }
    }
}
