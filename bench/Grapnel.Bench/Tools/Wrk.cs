using System.Globalization;

namespace Grapnel.Bench.Tools;

/// <summary>Publishes as fast as the server accepts, by wrk: the load must not cost more than what it measures.</summary>
internal static class Wrk
{
    public const string Program = "wrk";
    private const string Mark = "published";

    /// <summary>Publishes the same body over and over.</summary>
    /// <returns>How many were answered 202.</returns>
    public static async Task<long> PublishAsync(
        GrapnelProcess server, string eventType, int connections, int seconds, string folder, CancellationToken cancel)
    {
        var script = Path.Combine(folder, "publish.lua");
        await File.WriteAllTextAsync(script, Script(), cancel);
        string[] arguments =
        [
            "--threads", "1", "--connections", $"{connections}", "--duration", $"{seconds}s", "--timeout", "30s",
            "--script", script, $"{server.Url}trigger/{eventType}",
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

    /// <summary>A request that never changes is built once; the Lua code runs only at the end.</summary>
    private static string Script() =>
        $$"""
        wrk.method = "POST"
        wrk.body = '{{Body.Text}}'
        wrk.headers["Content-Type"] = "application/json"
        wrk.headers["Authorization"] = "Bearer {{GrapnelProcess.ApiKey}}"
        function done(summary)
            local e = summary.errors
            io.write(string.format("{{Mark}} %d %d %d\n", summary.requests, e.status, e.connect + e.read + e.write + e.timeout))
        end
        """;

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
