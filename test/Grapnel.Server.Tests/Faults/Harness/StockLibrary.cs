using System.Diagnostics;
using System.Text.Json;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Faults.Harness;

/// <summary>Signatures as a receiver checks them who uses the stock Standard Webhooks library, run by Node.js.</summary>
internal static class StockLibrary
{
    /// <summary>Where the stock clients are.</summary>
    public static readonly string Folder = Path.Combine(Repository.Root, "test", "node");

    /// <summary>For each arrival "ok" or "fail: why".</summary>
    public static async Task<string[]> VerifyAsync(params IEnumerable<(string Secret, Arrival Arrival)> checks)
    {
        Directory.Exists(Path.Combine(Folder, "node_modules")).ShouldBeTrue("Run 'npm ci --prefix test/node' first.");
        using var node = Process.Start(new ProcessStartInfo("node", "verify.mjs")
        {
            WorkingDirectory = Folder, RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;
        var answers = node.StandardOutput.ReadToEndAsync();
        foreach (var (secret, arrival) in checks)
            await node.StandardInput.WriteLineAsync(Line(secret, arrival));
        node.StandardInput.Close();
        return (await answers.WaitAsync(Eventually.Limit)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static string Line(string secret, Arrival arrival) => JsonSerializer.Serialize(new
    {
        secret, id = arrival.Id, timestamp = arrival.Timestamp, signature = arrival.Signature, bodyBase64 = Convert.ToBase64String(arrival.Body),
    });
}
