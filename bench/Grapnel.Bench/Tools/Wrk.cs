using System.Globalization;

namespace Grapnel.Bench.Tools;

/// <summary>Publishes as fast as the server accepts, by wrk: the load must not cost more than what it measures.</summary>
internal static class Wrk
{
    public const string Program = "wrk";
    private const string Mark = "published";

    /// <summary>Publishes the same body over and over.</summary>
    /// <returns>How many requests were answered 202.</returns>
    public static async Task<long> PublishAsync(
        GrapnelProcess server, PublishLoad load, int connections, int seconds, string folder, CancellationToken cancel)
    {
        var script = Path.Combine(folder, "publish.lua");
        await File.WriteAllTextAsync(script, Script(load), cancel);
        string[] arguments =
        [
            "--threads", "1", "--connections", $"{connections}", "--duration", $"{seconds}s", "--timeout", "30s",
            "--script", script, $"{server.Url}{load.Path}",
        ];
        var output = await ChildProcess.RunAsync(ChildProcess.Find(Program)!, arguments, cancel);
        return Read(output);
    }

    private static long Read(string output)
    {
        var numbers = output.Split('\n').Single(line => line.StartsWith(Mark, StringComparison.Ordinal)).Split(' ')[1..];
        var (requests, refused, broken) = (Number(numbers[0]), Number(numbers[1]), Number(numbers[2]));
        return refused + broken == 0
            ? requests
            : throw new BenchException($"Of {requests:N0} publishes, {refused:N0} were refused and {broken:N0} broke.");
    }

    /// <summary>A request that never changes is built once; one with a key of its own is two pieces with a number in between.</summary>
    private static string Script(PublishLoad load) =>
        $$"""
        wrk.method = "POST"
        wrk.body = '{{load.Body}}'
        wrk.headers["Content-Type"] = "application/json"
        wrk.headers["Authorization"] = "Bearer {{GrapnelProcess.ApiKey}}"
        {{(load.WithKeys ? Keys : "")}}
        function done(summary)
            local e = summary.errors
            io.write(string.format("{{Mark}} %d %d %d\n", summary.requests, e.status, e.connect + e.read + e.write + e.timeout))
        end
        """;

    // A key that no run has used before, as long as a UUID.
    private const string Keys =
        """
        local head, tail, n
        function init(args)
            wrk.headers["Idempotency-Key"] = "KEY"
            local before, after = wrk.format():match("^(.*)KEY(.*)$")
            head, tail, n = before .. string.format("%08x-%08x-", os.time(), math.floor(os.clock() * 1e9) % 2^32), after, 0
        end
        function request()
            n = n + 1
            return head .. string.format("%018d", n) .. tail
        end
        """;

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>What to publish over and over.</summary>
/// <param name="Path">The path, without its leading slash.</param>
/// <param name="Body">The body.</param>
/// <param name="Messages">How many messages one request publishes.</param>
/// <param name="WithKeys">Whether every request has an idempotency key of its own.</param>
internal sealed record PublishLoad(string Path, string Body, int Messages = 1, bool WithKeys = false)
{
    /// <summary>One event by the simple path.</summary>
    public static PublishLoad Trigger(string eventType, bool withKeys = false) => new($"trigger/{eventType}", Tools.Body.Text, WithKeys: withKeys);

    /// <summary>One message by the full path.</summary>
    public static PublishLoad Message(string eventType) => new($"api/v1/app/{GrapnelApi.DefaultApplication}/msg?with_content=false", MessageText(eventType));

    /// <summary>Many messages in one request.</summary>
    public static PublishLoad Batch(string eventType, int count) => new(
        $"api/v1/app/{GrapnelApi.DefaultApplication}/msg/batch", "[" + string.Join(',', Enumerable.Repeat(MessageText(eventType), count)) + "]", count);

    private static string MessageText(string eventType) => $$"""{"eventType":"{{eventType}}","payload":{{Tools.Body.Text}}}""";
}
