using System.Diagnostics;
using Grapnel.Testing;

namespace Grapnel.Bench.Tools;

/// <summary>The server under test: the real program, a Release build, as a process of its own.</summary>
internal sealed class GrapnelProcess : IAsyncDisposable
{
    public const string ApiKey = "benchmark-key-0123456789abcdef";
    public const string Administrator = "bench@example.com";
    public const string Password = "correct horse battery";
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ReadyPoll = TimeSpan.FromMilliseconds(2);
    private readonly ChildProcess _process;

    private GrapnelProcess(ChildProcess process, Uri url, TestedStore store) =>
        (_process, Store, Url, Api) = (process, store, url, new GrapnelApi(url, ApiKey));

    public Uri Url { get; }

    public GrapnelApi Api { get; }

    public int Id => _process.Id;

    /// <summary>From just before the process was made until it said that it is ready.</summary>
    public TimeSpan ReadyAfter { get; private set; }

    public TimeSpan Cpu => ProcFs.Cpu(Id);

    /// <summary>Deliveries that are still to be done, by the store's own count.</summary>
    public long Pending => Store.Pending;

    public TestedStore Store { get; }

    /// <summary>Starts the server on a data folder, new or used, and waits until it is ready.</summary>
    /// <param name="program">The executable.</param>
    /// <param name="data">The folder.</param>
    /// <param name="store">Where it keeps what it keeps.</param>
    /// <param name="cancel">Gives up.</param>
    /// <param name="environment">Settings beyond the key.</param>
    public static async Task<GrapnelProcess> StartAsync(
        string program, string data, TestedStore store, CancellationToken cancel, params IEnumerable<(string Name, string Value)> environment)
    {
        var started = Stopwatch.GetTimestamp();
        var server = Launch(program, data, store, environment);
        try
        {
            await server.WaitUntilReadyAsync(started, cancel);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops it in order (SIGTERM).</summary>
    public Task StopAsync() => _process.StopAsync();

    /// <summary>Ends it as a power cut would (SIGKILL).</summary>
    public Task KillAsync() => _process.KillAsync();

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        await _process.DisposeAsync();
    }

    private static GrapnelProcess Launch(string program, string data, TestedStore store, IEnumerable<(string Name, string Value)> environment)
    {
        var url = new Uri($"http://127.0.0.1:{Ports.Free()}");
        Directory.CreateDirectory(data);
        var process = ChildProcess.Start(
            Path.Combine(data, "server.log"), program,
            ["serve", "--urls", url.OriginalString, "--data", data, "--allow-net", "127.0.0.0/8"],
            [("GRAPNEL_API_KEY", ApiKey), .. store.Environment, .. environment]);
        return new GrapnelProcess(process, url, store);
    }

    private async Task WaitUntilReadyAsync(long started, CancellationToken cancel)
    {
        while (!await Api.IsReadyAsync(cancel))
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(started) > StartLimit)
                throw new BenchException($"The server did not become ready. Its last words:\n{_process.LastWords}");
            await Task.Delay(ReadyPoll, TimeProvider.System, cancel);
        }
        ReadyAfter = Stopwatch.GetElapsedTime(started);
    }
}
