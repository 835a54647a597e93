using System.Diagnostics;
using System.Globalization;
using Grapnel.Sending.Signing;

namespace Grapnel.Bench.Tools;

/// <summary>
/// The ceiling: the platform's HTTP client posting the same signed body to the same sink, with nothing around it. It is a process by
/// itself, so that its CPU time is its own. The body is signed once, the cheapest way: the ceiling is not lowered to flatter a ratio.
/// </summary>
internal static class RawLoad
{
    /// <summary>The verb of the child process.</summary>
    public const string Verb = "raw-child";

    private const int Concurrency = 32;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    /// <summary>Runs the child and returns what it measured.</summary>
    public static async Task<RawResult> MeasureAsync(Sink sink, int seconds, CancellationToken cancel)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "Grapnel.Bench");
        var output = await ChildProcess.RunAsync(program, [Verb, sink.Url, $"{seconds}"], cancel);
        var numbers = output.Split(' ').Select(text => double.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        return new RawResult(numbers[0] / numbers[1], numbers[2] / numbers[0] * 1e6);
    }

    /// <summary>The child: warms up, posts for a time, and prints requests, seconds, and seconds of CPU.</summary>
    public static async Task RunChildAsync(Uri sink, int seconds, CancellationToken cancel)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, UseCookies = false, ActivityHeadersPropagator = null };
        using var client = new HttpClient(handler);
        await PostForAsync(client, sink, WarmUp, cancel);
        var cpu = Environment.CpuUsage.TotalTime;
        var start = Stopwatch.GetTimestamp();
        var requests = await PostForAsync(client, sink, TimeSpan.FromSeconds(seconds), cancel);
        var (elapsed, used) = (Stopwatch.GetElapsedTime(start), Environment.CpuUsage.TotalTime - cpu);
        Console.Write(FormattableString.Invariant($"{requests} {elapsed.TotalSeconds} {used.TotalSeconds}"));
    }

    private static async Task<long> PostForAsync(HttpClient client, Uri sink, TimeSpan time, CancellationToken cancel)
    {
        var headers = SignedHeaders();
        var start = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, Concurrency).Select(_ => LoopAsync()));
        return counts.Sum();

        async Task<long> LoopAsync()
        {
            var count = 0L;
            for (; Stopwatch.GetElapsedTime(start) < time; count++)
                await PostAsync(client, sink, headers, cancel);
            return count;
        }
    }

    private static async Task PostAsync(HttpClient client, Uri sink, (string, string)[] headers, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, sink) { Content = new ReadOnlyMemoryContent(Body.Bytes) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await client.SendAsync(request, cancel);
        response.EnsureSuccessStatusCode();
    }

    private static (string, string)[] SignedHeaders()
    {
        var id = new IdGenerator(TimeProvider.System).Next<Message>().ToString();
        var now = TimeProvider.System.GetUtcNow();
        var signature = new StandardWebhooksSigner([new EndpointSecret(new byte[32], null)]).Sign(id, now, Body.Bytes.Span);
        return
        [
            ("User-Agent", "Grapnel/0"), ("webhook-id", id), ("webhook-signature", signature),
            ("webhook-timestamp", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)),
        ];
    }
}

/// <summary>What the ceiling came to.</summary>
/// <param name="PerSecond">Requests per second.</param>
/// <param name="CpuMicroseconds">CPU time of the client process per request.</param>
internal sealed record RawResult(double PerSecond, double CpuMicroseconds);
