using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;

namespace Grapnel.Testing;

/// <summary>A real Redis server on a free port of the loopback address, in a temporary folder of its own. What it holds goes when it stops, unless it is told to save.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    // The server that tests share which neither stop nor empty it; it goes when they end.
    private static readonly Lazy<Task<RedisServer>> SharedServer = new(async () =>
    {
        var server = await StartAsync();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return server;
    });

    private readonly string _folder = Directory.CreateTempSubdirectory("grapnel-redis-").FullName;
    private readonly string[] _arguments;
    private Process? _process;

    private RedisServer(int port, string[] arguments) => (Port, _arguments) = (port, arguments);

    public int Port { get; }

    public static Task<RedisServer> Shared => SharedServer.Value;

    /// <summary>Options of a client.</summary>
    public string ConnectionString => $"127.0.0.1:{Port}";

    /// <summary>Starts a server; further arguments are those of its command line.</summary>
    public static async Task<RedisServer> StartAsync(params string[] arguments)
    {
        var server = new RedisServer(Ports.Free(), arguments);
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Three servers that share the keys between them.</summary>
    public static async Task<IReadOnlyList<RedisServer>> StartClusterAsync()
    {
        // The servers talk to each other on a second port, which must be in range.
        var servers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => StartAsync(
            "--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port", $"{Ports.Free()}")));
        await RunToolAsync(["--cluster", "create", .. servers.Select(server => server.ConnectionString), "--cluster-yes"]);
        foreach (var server in servers)
            while (!(await server.RunAsync("cluster", "info")).Contains("cluster_state:ok"))
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        return servers;
    }

    /// <summary>Forgets everything.</summary>
    public Task FlushAsync() => RunAsync("flushall");

    /// <summary>Runs a command, as redis-cli takes it.</summary>
    public Task<string> RunAsync(params string[] command) => RunToolAsync(["-p", $"{Port}", .. command]);

    /// <summary>Starts a server that was stopped. It has what it last saved.</summary>
    public async Task StartAgainAsync()
    {
        string[] command =
        [
            "--port", $"{Port}", "--bind", "127.0.0.1", "--dir", _folder, "--save", "", "--appendonly", "no", "--databases", "1000", .. _arguments,
        ];
        // A cluster has one database only.
        if (_arguments.Contains("--cluster-enabled"))
            command = [.. command.Where((_, i) => i < 10 || i > 11)];
        _process = Process.Start(new ProcessStartInfo("redis-server", command) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        while (!await AnswersAsync())
        {
            if (_process.HasExited)
                throw new InvalidOperationException($"redis-server ended with {_process.ExitCode}.");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }
    }

    /// <summary>Stops the server as a crash does.</summary>
    public async Task StopAsync()
    {
        if (_process is not { } process)
            return;
        _process = null;
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Waits until a client that lost the server has found it again.</summary>
    public static async Task WhenConnectedAsync(IConnectionMultiplexer client)
    {
        while (true)
        {
            try
            {
                await client.GetDatabase().PingAsync();
                return;
            }
            catch (Exception error) when (error is RedisException or TimeoutException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            }
        }
    }

    private async Task<bool> AnswersAsync()
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task<string> RunToolAsync(string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("redis-cli", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"redis-cli failed with {process.ExitCode}: {output}{await error}");
    }
}
