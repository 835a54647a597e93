using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Faults.Harness;

/// <summary>The built program, <c>grapnel serve</c>, as a process of its own. What it prints is kept.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    /// <summary>The key that every server of these tests knows.</summary>
    public const string Key = "a-key-of-the-fault-tests-0123456789";

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();

    private ServerProcess(Process process, Uri address)
    {
        _process = process;
        Client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address, Timeout = Eventually.Limit };
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        Keep(_output, handler => process.OutputDataReceived += handler, process.BeginOutputReadLine);
        Keep(_errors, handler => process.ErrorDataReceived += handler, process.BeginErrorReadLine);
    }

    /// <summary>Shows the key.</summary>
    public HttpClient Client { get; }

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>What it wrote to standard output so far.</summary>
    public string Output { get { lock (_output) return _output.ToString(); } }

    /// <summary>What it wrote to standard error so far.</summary>
    public string Errors { get { lock (_errors) return _errors.ToString(); } }

    /// <summary>Memory that is resident now, in MiB.</summary>
    public long ResidentMiB => Status("VmRSS:") / 1024;

    /// <summary>The most memory that ever was resident, in MiB.</summary>
    public long PeakMiB => Status("VmHWM:") / 1024;

    public long Threads => Status("Threads:");

    /// <summary>Open files, sockets included.</summary>
    public int Handles => Directory.GetFiles($"/proc/{_process.Id}/fd").Length;

    /// <summary>Starts the program on a folder, without waiting for anything.</summary>
    /// <param name="folder">Where its store is.</param>
    /// <param name="settings">Environment variables beside the key.</param>
    /// <param name="arguments">After <c>serve --data … --urls …</c>.</param>
    public static ServerProcess Launch(string folder, IReadOnlyDictionary<string, string> settings, params IEnumerable<string> arguments)
    {
        var address = new Uri($"http://127.0.0.1:{Ports.Free()}");
        var start = new ProcessStartInfo(
            Path.Combine(AppContext.BaseDirectory, "grapnel"), ["serve", "--data", folder, "--urls", address.OriginalString, .. arguments])
        {
            WorkingDirectory = Path.GetTempPath(), RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("GRAPNEL_", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(name);
        start.Environment["GRAPNEL_API_KEY"] = Key;
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        return new ServerProcess(Process.Start(start)!, address);
    }

    /// <summary>Waits until it says that it is ready.</summary>
    public Task WaitUntilReadyAsync() => Eventually.IsTrueAsync("the server is ready", async () =>
    {
        HasExited.ShouldBeFalse($"The server ended at its start:\n{Errors}{Output}");
        try
        {
            using var response = await Client.GetAsync("/health/ready");
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    });

    /// <summary>Ends it by SIGKILL, in the middle of whatever it does.</summary>
    public async Task KillAsync()
    {
        Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Sends SIGKILL and does not wait.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Asks it to stop by SIGTERM.</summary>
    public Task TerminateAsync() => Signal.SendAsync("TERM", _process.Id);

    /// <summary>Stops it in its tracks by SIGSTOP: for it, no time passes.</summary>
    public Task FreezeAsync() => Signal.SendAsync("STOP", _process.Id);

    /// <summary>Lets it go on after <see cref="FreezeAsync"/>.</summary>
    public Task ThawAsync() => Signal.SendAsync("CONT", _process.Id);

    public async Task<int> WaitForExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Eventually.Limit);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!HasExited)
            await KillAsync();
        Client.Dispose();
        _process.Dispose();
    }

    private static void Keep(StringBuilder text, Action<DataReceivedEventHandler> subscribe, Action begin)
    {
        subscribe((_, line) =>
        {
            lock (text)
                text.AppendLine(line.Data);
        });
        begin();
    }

    private long Status(string name)
    {
        var line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
