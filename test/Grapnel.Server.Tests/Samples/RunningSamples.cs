using System.Diagnostics;
using System.Net.Sockets;
using System.Net;
using System.Text;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Samples;

/// <summary>A server, and the two sample receivers as its endpoints.</summary>
public sealed class RunningSamples : IAsyncLifetime
{
    // Where the test project is built, in Debug or Release, the samples are, too.
    private static readonly string Built = Path.Combine("bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0");

    private readonly string _npm = Directory.CreateTempSubdirectory("grapnel-samples-").FullName;
    private readonly List<SampleReceiver> _receivers = [];

    internal TestServer Server { get; private set; } = null!;

    internal IReadOnlyList<SampleReceiver> Receivers => _receivers;

    public async ValueTask InitializeAsync()
    {
        // No endpoint is there yet when it gets its first request: a few retries, soon.
        Server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Delivery:RetrySchedule"] = "200ms,500ms,1s,1s,1s" });
        (await Server.Client.PostJsonAsync("/api/v1/event-type", """{"name":"order.created","description":"A customer placed an order."}""")).Status.ShouldBe(201);
        await AddReceiverAsync("receiver-aspnetcore", port => new ProcessStartInfo("dotnet", [Dll("receiver-aspnetcore", "Receiver"), "--urls", $"http://127.0.0.1:{port}"]));
        await AddReceiverAsync("receiver-node", port => new ProcessStartInfo("node", [WithPackages("receiver-node", "receive.mjs"), $"{port}"]));
        foreach (var receiver in _receivers)
            await receiver.WaitUntilItListensAsync();
    }

    /// <summary>Runs a publisher and returns what it printed.</summary>
    internal async Task<string> PublishAsync(string publisher)
    {
        var start = publisher switch
        {
            "csharp" => new ProcessStartInfo("dotnet", [Dll("publisher-csharp", "Publisher")]),
            "curl" => new ProcessStartInfo(Sample("publisher-curl", "publish.sh")),
            _ => new ProcessStartInfo("node", [WithPackages("publisher-javascript", "publish.mjs")]),
        };
        start.Environment["GRAPNEL_URL"] = Server.Address.ToString().TrimEnd('/');
        start.Environment["GRAPNEL_API_KEY"] = TestServer.Key;
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(Eventually.Limit);
        process.ExitCode.ShouldBe(0, await errors);
        return await output;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var receiver in _receivers)
            receiver.Dispose();
        await Server.DisposeAsync();
        Directory.Delete(_npm, recursive: true);
    }

    private async Task AddReceiverAsync(string name, Func<int, ProcessStartInfo> program)
    {
        var port = Ports.Free();
        var url = $"http://127.0.0.1:{port}/hooks";
        var endpoint = await Server.Client.PostJsonAsync("/api/v1/app/default/endpoint", $$"""{"url":"{{url}}"}""");
        var secret = (await Server.Client.GetJsonAsync($"/api/v1/app/default/endpoint/{endpoint.Id}/secret"))["key"].GetString()!;
        var start = program(port);
        start.Environment["WEBHOOK_SECRET"] = secret;
        _receivers.Add(new SampleReceiver(name, new Uri(url), start));
    }

    private static string Sample(string folder, string file) => Path.Combine(Repository.Root, "samples", folder, file);

    private static string Dll(string folder, string name) => Sample(folder, Path.Combine(Built, name + ".dll"));

    /// <summary>The sample beside the packages of the tests, as npm would put them there.</summary>
    private string WithPackages(string folder, string file)
    {
        var copy = Directory.CreateDirectory(Path.Combine(_npm, folder)).FullName;
        var modules = Directory.CreateDirectory(Path.Combine(copy, "node_modules")).FullName;
        foreach (var (name, installed) in new[] { ("svix", "svix2"), ("standardwebhooks", "standardwebhooks") })
            if (!Directory.Exists(Path.Combine(modules, name)))
                Directory.CreateSymbolicLink(Path.Combine(modules, name), Path.Combine(StockLibrary.Folder, "node_modules", installed));
        foreach (var source in Directory.GetFiles(Sample(folder, "")).Select(Path.GetFileName))
            File.Copy(Sample(folder, source!), Path.Combine(copy, source!), overwrite: true);
        return Path.Combine(copy, file);
    }
}

/// <summary>A sample receiver that runs. What it prints is kept.</summary>
internal sealed class SampleReceiver : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    public SampleReceiver(string name, Uri url, ProcessStartInfo start)
    {
        (Name, Url) = (name, url);
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        _process = Process.Start(start)!;
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Name { get; }

    public Uri Url { get; }

    public string Output { get { lock (_output) return _output.ToString(); } }

    public Task WaitUntilItListensAsync() => Eventually.IsTrueAsync($"{Name} listens", async () =>
    {
        _process.HasExited.ShouldBeFalse(Output);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, Url.Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    });

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
            _output.AppendLine(line.Data);
    }
}
