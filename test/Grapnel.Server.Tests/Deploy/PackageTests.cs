using System.Diagnostics;
using System.Net;
using System.Reflection;
using Grapnel.Sending.Signing;
using Grapnel.Server.Hosting;
using Grapnel.Server.Tests.Commands;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Samples;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Deploy;

/// <summary>What <c>dotnet pack</c> makes of what was built.</summary>
public sealed class PackageTests
{
    [Fact]
    public async Task The_tool_installs_from_a_folder_and_says_its_version_and_runs()
    {
        using var folder = new TemporaryFolder();
        var version = typeof(GrapnelHost).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

        var package = await PackAsync("Grapnel.Server", folder.Path);
        package.ShouldBe($"Grapnel.{version.Split('+')[0]}");
        await RunAsync("dotnet", "tool", "install", "Grapnel", "--tool-path", Path.Combine(folder.Path, "tools"), "--source", folder.Path, "--version", version.Split('+')[0]);

        var grapnel = Path.Combine(folder.Path, "tools", "grapnel");
        (await RunAsync(grapnel, "--version")).Trim().ShouldBe(version);
        await SeeDemoDeliverAsync(grapnel);
    }

    [Fact]
    public async Task The_sample_receiver_builds_on_the_package_alone_and_refuses_what_is_forged()
    {
        using var folder = new TemporaryFolder();
        var version = (await PackAsync("Grapnel.Receiver", folder.Path))["Grapnel.Receiver.".Length..];
        File.Copy(Path.Combine(Repository.Root, "samples", "receiver-aspnetcore", "Program.cs"), Path.Combine(folder.Path, "Program.cs"));
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "Shop.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk.Web">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <RestoreSources>{folder.Path}</RestoreSources>
                <RestorePackagesPath>packages</RestorePackagesPath>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Grapnel.Receiver" Version="{version}" />
              </ItemGroup>
            </Project>
            """);
        await RunAsync("dotnet", "build", Path.Combine(folder.Path, "Shop.csproj"), "--output", Path.Combine(folder.Path, "out"), "--nologo");

        var url = new Uri($"http://127.0.0.1:{Ports.Free()}/hooks");
        var start = new ProcessStartInfo("dotnet", [Path.Combine(folder.Path, "out", "Shop.dll"), "--urls", url.GetLeftPart(UriPartial.Authority)]);
        start.Environment["WEBHOOK_SECRET"] = SecretText.Write(SecretText.Symmetric, WebhookSecret.Generate().Key);
        using var shop = new SampleReceiver("shop", url, start);
        await shop.WaitUntilItListensAsync();
        using var client = new HttpClient();
        using var forged = new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent("{}") };
        forged.Headers.Add("webhook-id", "msg_1");
        forged.Headers.Add("webhook-timestamp", $"{TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()}");
        forged.Headers.Add("webhook-signature", "v1,Zm9yZ2Vk");
        using var answer = await client.SendAsync(forged);

        answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized, shop.Output);
    }

    /// <summary>Packs a project as it was built; returns the name of the package with its version.</summary>
    private static async Task<string> PackAsync(string project, string folder)
    {
        var configuration = Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/')))!;
        await RunAsync("dotnet", "pack", Path.Combine(Repository.Root, "src", project), "--no-build", "--configuration", configuration, "--output", folder);
        return Path.GetFileNameWithoutExtension(Directory.GetFiles(folder, "*.nupkg").ShouldHaveSingleItem());
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
