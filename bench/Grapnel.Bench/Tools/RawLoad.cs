using System.Diagnostics;
using System.Globalization;
using Grapnel.Sending.Signing;
using Grapnel.Server.Hosting;

namespace Grapnel.Bench.Tools;

/// <summary>
/// The ceiling: the platform's HTTP client posting the same body to the same sink, with nothing around it. It is a process by itself, so
/// that its CPU time is its own. Every request is signed, by the engine's own signer, because every delivery has an id and a time of its
/// own that its signature covers; what that costs is told by posting one signed request over and over.
/// </summary>
internal static class RawLoad
{
    /// <summary>The verb of the child process.</summary>
    public const string Verb = "raw-child";

    private const int Concurrency = 32;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    private static readonly StandardWebhooksSigner Signer = new([new EndpointSecret(new byte[32], null)]);
    private static readonly IdGenerator Ids = new(TimeProvider.System);

    /// <summary>Runs the child and returns what it measured.</summary>
    public static async Task<RawResult> MeasureAsync(Sink sink, int seconds, CancellationToken cancel, RawMode mode = RawMode.Plain)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "Grapnel.Bench");
        var output = await ChildProcess.RunAsync(program, [Verb, sink.Url, $"{seconds}", $"{mode}"], cancel);
        var numbers = output.Split(' ').Select(text => double.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        return new RawResult(numbers[0] / numbers[1], numbers[2] / numbers[0] * 1e6);
    }

    /// <summary>The child: warms up, posts for a time, and prints requests, seconds, and seconds of CPU.</summary>
    public static async Task RunChildAsync(Uri sink, int seconds, RawMode mode, CancellationToken cancel)
    {
        if (mode == RawMode.AsBatch)
            BatchScheduling.Ask();
        var handler = new SocketsHttpHandler { UseProxy = false, UseCookies = false, ActivityHeadersPropagator = null };
        using var client = new HttpClient(handler);
        Func<SignedHeaders> sign = mode == RawMode.SignedOnce ? SignedHeaders.New().Same : SignedHeaders.New;
        await PostForAsync(client, sink, sign, WarmUp, cancel);
        var cpu = Environment.CpuUsage.TotalTime;
        var start = Stopwatch.GetTimestamp();
        var requests = await PostForAsync(client, sink, sign, TimeSpan.FromSeconds(seconds), cancel);
        var (elapsed, used) = (Stopwatch.GetElapsedTime(start), Environment.CpuUsage.TotalTime - cpu);
        Console.Write(FormattableString.Invariant($"{requests} {elapsed.TotalSeconds} {used.TotalSeconds}"));
    }

    private static async Task<long> PostForAsync(HttpClient client, Uri sink, Func<SignedHeaders> sign, TimeSpan time, CancellationToken cancel)
    {
        var start = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, Concurrency).Select(_ => LoopAsync()));
        return counts.Sum();

        async Task<long> LoopAsync()
        {
            var count = 0L;
            for (; Stopwatch.GetElapsedTime(start) < time; count++)
                await PostAsync(client, sink, sign(), cancel);
            return count;
        }
    }

    private static async Task PostAsync(HttpClient client, Uri sink, SignedHeaders headers, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, sink) { Content = new ReadOnlyMemoryContent(Body.Bytes) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", "Grapnel/0");
        request.Headers.TryAddWithoutValidation("webhook-id", headers.Id);
        request.Headers.TryAddWithoutValidation("webhook-timestamp", headers.Timestamp);
        request.Headers.TryAddWithoutValidation("webhook-signature", headers.Signature);
        using var response = await client.SendAsync(request, cancel);
        response.EnsureSuccessStatusCode();
    }

    private sealed record SignedHeaders(string Id, string Timestamp, string Signature)
    {
        public static SignedHeaders New()
        {
            var (id, now) = (Ids.Next<Message>().ToString(), TimeProvider.System.GetUtcNow());
            return new(id, now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), Signer.Sign(id, now, Body.Bytes.Span));
        }

        public SignedHeaders Same() => this;
    }
}

/// <summary>How the ceiling is measured.</summary>
internal enum RawMode
{
    /// <summary>Every request signed for itself, in a process like any other: what the pipeline is held against.</summary>
    Plain,

    /// <summary>One request, signed ahead, over and over.</summary>
    SignedOnce,

    /// <summary>As <see cref="Plain"/>, scheduled as batch work, as the server is.</summary>
    AsBatch,
}

/// <summary>What the ceiling came to.</summary>
/// <param name="PerSecond">Requests per second.</param>
/// <param name="CpuMicroseconds">CPU time of the client process per request.</param>
internal sealed record RawResult(double PerSecond, double CpuMicroseconds);
