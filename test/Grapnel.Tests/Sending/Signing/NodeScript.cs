using System.Diagnostics;
using System.Reflection;

namespace Grapnel.Tests.Sending.Signing;

/// <summary>A script of <c>test/node</c> that answers lines with lines.</summary>
internal static class NodeScript
{
    public static async Task<string[]> RunAsync(string script, params string[] lines)
    {
        var directory = typeof(NodeScript).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "NodeDirectory").Value!;
        Directory.Exists(Path.Combine(directory, "node_modules")).ShouldBeTrue("Run 'npm ci --prefix test/node' first.");
        using var node = Process.Start(new ProcessStartInfo("node", script)
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        var output = node.StandardOutput.ReadToEndAsync();
        await node.StandardInput.WriteAsync(string.Join('\n', lines));
        node.StandardInput.Close();
        return (await output.WaitAsync(TimeSpan.FromSeconds(30))).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
