using System.Diagnostics;
using System.Reflection;
using Grapnel.Server.Hosting;
using Grapnel.Server.Tests.Commands;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Deploy;

/// <summary>What <c>dotnet pack</c> makes of what was built.</summary>
public sealed class ToolPackageTests
{
    [Fact]
    public async Task The_tool_installs_from_a_folder_and_says_its_version_and_runs()
    {
        using var folder = new TemporaryFolder();
        var configuration = Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/')))!;
        var version = typeof(GrapnelHost).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

        await RunAsync("dotnet", "pack", Path.Combine(Repository.Root, "src", "Grapnel.Server"), "--no-build", "--configuration", configuration, "--output", folder.Path);
        Directory.GetFiles(folder.Path).Select(Path.GetFileName).ShouldBe([$"Grapnel.{version.Split('+')[0]}.nupkg"]);
        await RunAsync("dotnet", "tool", "install", "Grapnel", "--tool-path", Path.Combine(folder.Path, "tools"), "--source", folder.Path, "--version", version.Split('+')[0]);

        var grapnel = Path.Combine(folder.Path, "tools", "grapnel");
        (await RunAsync(grapnel, "--version")).Trim().ShouldBe(version);
        await SeeDemoDeliverAsync(grapnel);
    }

    private static async Task SeeDemoDeliverAsync(string grapnel)
    {
        using var demo = Process.Start(new ProcessStartInfo(grapnel, ["demo", "--port", "0", "--consumer-port", "0"]) { RedirectStandardOutput = true })!;
        try
        {
            while (await demo.StandardOutput.ReadLineAsync().WaitAsync(Eventually.Limit) is { } line && !line.Contains("  200  POST "))
                line.ShouldNotContain("fail");
            await Signal.SendAsync("TERM", demo.Id);
            await demo.StandardOutput.ReadToEndAsync().WaitAsync(Eventually.Limit);
            await demo.WaitForExitAsync().WaitAsync(Eventually.Limit);
            demo.ExitCode.ShouldBe(0);
        }
        finally
        {
            if (!demo.HasExited)
                demo.Kill();
        }
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(Eventually.Limit);
        process.ExitCode.ShouldBe(0, $"{program} {string.Join(' ', arguments)}\n{await output}{await errors}");
        return await output;
    }
}
