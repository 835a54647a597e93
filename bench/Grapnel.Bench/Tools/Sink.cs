using System.Diagnostics;
using System.Globalization;
using Grapnel.Testing;

namespace Grapnel.Bench.Tools;

/// <summary>
/// A receiver that costs next to nothing: nginx in a single process that answers 200 to everything and counts.
/// It listens on several loopback addresses, so that endpoints can have receivers of their own.
/// </summary>
internal sealed class Sink : IAsyncDisposable
{
    public const string Program = "nginx";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StartPoll = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan ArrivalLimit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ArrivalPoll = TimeSpan.FromMilliseconds(20);
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly ChildProcess _nginx;
    private readonly int _port;
    private long _ownRequests;

    private Sink(ChildProcess nginx, int port) => (_nginx, _port) = (nginx, port);

    public string Url => UrlAt(0);

    /// <summary>Starts the sink on a number of addresses, 127.0.1.0 and on.</summary>
    public static async Task<Sink> StartAsync(string folder, CancellationToken cancel, int addresses = 1)
    {
        var port = Ports.Free();
        var config = Path.Combine(folder, "nginx.conf");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(config, Config(folder, port, addresses), cancel);
        var log = Path.Combine(folder, "nginx.log");
        var nginx = ChildProcess.Start(log, ChildProcess.Find(Program)!, ["-p", folder, "-e", "stderr", "-c", config]);
        var sink = new Sink(nginx, port);
        try
        {
            await sink.WaitUntilUpAsync(cancel);
            return sink;
        }
        catch
        {
            await sink.DisposeAsync();
            throw;
        }
    }

    /// <summary>The address number <paramref name="index"/>, counted from 0.</summary>
    public string UrlAt(int index) => $"http://{Address(index)}:{_port}/";

    /// <summary>Requests received so far, those for this figure left out.</summary>
    public async Task<long> ReceivedAsync(CancellationToken cancel)
    {
        var status = await _http.GetStringAsync($"http://{Address(0)}:{_port}/stub-status", cancel);
        // Third line: accepted connections, handled connections, requests.
        var requests = status.Split('\n')[2].Split(' ', StringSplitOptions.RemoveEmptyEntries)[2];
        return long.Parse(requests, CultureInfo.InvariantCulture) - ++_ownRequests;
    }

    /// <summary>Waits until a number of requests has arrived.</summary>
    public async Task WaitForAsync(long received, CancellationToken cancel)
    {
        var start = Stopwatch.GetTimestamp();
        for (long now; (now = await ReceivedAsync(cancel)) < received;)
        {
            if (Stopwatch.GetElapsedTime(start) > ArrivalLimit)
                throw new BenchException($"{received - now:N0} deliveries did not arrive within {ArrivalLimit.TotalMinutes} minutes.");
            await Task.Delay(ArrivalPoll, TimeProvider.System, cancel);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _nginx.DisposeAsync();
    }

    private static string Address(int index) => $"127.0.{1 + index / 256}.{index % 256}";

    private async Task WaitUntilUpAsync(CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(StartLimit);
        while (true)
        {
            try
            {
                await ReceivedAsync(limit.Token);
                return;
            }
            catch (HttpRequestException) when (!_nginx.HasExited)
            {
                await Task.Delay(StartPoll, TimeProvider.System, limit.Token);
            }
            catch (HttpRequestException)
            {
                throw new BenchException($"nginx did not start:\n{_nginx.LastWords}");
            }
        }
    }

    private static string Config(string folder, int port, int addresses) =>
        $$"""
        daemon off;
        master_process off;
        pid {{folder}}/nginx.pid;
        events { worker_connections 16384; }
        http {
            access_log off;
            keepalive_requests 1000000000;
            keepalive_timeout 1h;
            client_body_temp_path {{folder}}/body;
            proxy_temp_path {{folder}}/proxy;
            fastcgi_temp_path {{folder}}/fastcgi;
            uwsgi_temp_path {{folder}}/uwsgi;
            scgi_temp_path {{folder}}/scgi;
            server {
                {{string.Join("\n        ", Enumerable.Range(0, addresses).Select(index => $"listen {Address(index)}:{port};"))}}
                location = /stub-status { stub_status; }
                location / { return 200; }
            }
        }
        """;
}
