using Grapnel.Bench.Tools;
using Grapnel.Testing;

namespace Grapnel.Bench;

/// <summary>What scenarios work with: the sizes, servers, sinks, and folders that are gone afterwards.</summary>
internal sealed class Workbench : IAsyncDisposable
{
    /// <summary>How far ahead the pace of filling is trusted.</summary>
    private const int MostFillSeconds = 10;

    private readonly string _program;
    private readonly string _root;
    private readonly Dictionary<string, TestedStore> _stores = [];
    private PostgresServer? _postgres;
    private RedisServer? _redis;
    private int _folders;

    public Workbench(BenchOptions options)
    {
        Options = options;
        _program = options.Server!;
        if (!File.Exists(_program))
            throw new BenchException($"There is no server at {_program}. Publish it: dotnet publish src/Grapnel.Server");
        _root = Path.Combine(Path.GetFullPath(options.DataRoot), $"grapnel-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(_root);
        if (options.DatabaseCpu is { } cpu)
            CpuAffinity.Keep(Environment.ProcessId, [.. Enumerable.Range(0, Environment.ProcessorCount).Where(other => other != cpu)]);
    }

    public BenchOptions Options { get; }

    public string NewFolder(string name) => Directory.CreateDirectory(Path.Combine(_root, $"{++_folders}-{name}")).FullName;

    /// <summary>Starts a server on a new, empty data folder.</summary>
    public Task<GrapnelProcess> StartServerAsync(CancellationToken cancel) => StartServerAsync(NewFolder("data"), cancel);

    /// <summary>Starts a server on a data folder.</summary>
    public async Task<GrapnelProcess> StartServerAsync(string data, CancellationToken cancel, params (string Name, string Value)[] settings) =>
        await GrapnelProcess.StartAsync(_program, data, await StoreOfAsync(data), cancel, settings);

    /// <summary>Starts a further server on the store of one that runs.</summary>
    public Task<GrapnelProcess> StartBesideAsync(GrapnelProcess first, CancellationToken cancel, params (string Name, string Value)[] settings) =>
        GrapnelProcess.StartAsync(_program, NewFolder("data"), first.Store, cancel, settings);

    /// <summary>Starts a server on a new, empty data folder, with an administrator who can sign in to its console.</summary>
    public Task<GrapnelProcess> StartServerWithConsoleAsync(CancellationToken cancel) => StartServerAsync(
        NewFolder("data"), cancel,
        ("GRAPNEL_CONSOLE__ADMIN_NAME", GrapnelProcess.Administrator), ("GRAPNEL_CONSOLE__ADMIN_PASSWORD", GrapnelProcess.Password));

    public Task<Sink> StartSinkAsync(CancellationToken cancel, int addresses = 1) =>
        Sink.StartAsync(NewFolder("sink"), cancel, addresses);

    /// <summary>Publishes at full speed and waits until all is settled.</summary>
    public Task<Flow> MeasureFlowAsync(
        GrapnelProcess server, string eventType, int endpoints, int seconds, CancellationToken cancel) =>
        MeasureFlowAsync(server, PublishLoad.Trigger(eventType), endpoints, seconds, cancel);

    /// <summary>Publishes at full speed and waits until all is settled.</summary>
    public Task<Flow> MeasureFlowAsync(
        GrapnelProcess server, PublishLoad load, int endpoints, int seconds, CancellationToken cancel) =>
        Flow.MeasureAsync(server, endpoints, () => PublishAsync(server, load, Options.Publishers, seconds, cancel), cancel);

    /// <summary>Publishes at full speed. Returns how many messages were accepted.</summary>
    public async Task<long> PublishAsync(GrapnelProcess server, PublishLoad load, int publishers, int seconds, CancellationToken cancel) =>
        load.Messages * await Wrk.PublishAsync(server, load, publishers, seconds, _root, cancel);

    /// <summary>Publishes until at least so many events are accepted, without waiting for deliveries. Returns how many were.</summary>
    public async Task<long> FillAsync(GrapnelProcess server, string eventType, int count, CancellationToken cancel)
    {
        var (accepted, seconds) = (0L, 1);
        while (accepted < count)
        {
            var last = await PublishAsync(server, PublishLoad.Trigger(eventType), Options.Publishers, seconds, cancel);
            accepted += last;
            Say($"filled {accepted:N0} of {count:N0}");
            seconds = (int)Math.Clamp((count - accepted) * seconds / Math.Max(1, last), 1, MostFillSeconds);
        }
        return accepted;
    }

    /// <summary>Tells the person at the console what goes on; results go elsewhere.</summary>
    public static void Say(string text) => Console.Error.WriteLine($"  {text}");

    public async ValueTask DisposeAsync()
    {
        if (_postgres is not null)
            await _postgres.DisposeAsync();
        if (_redis is not null)
            await _redis.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    // A data folder has a store of its own, also where that is elsewhere.
    private async Task<TestedStore> StoreOfAsync(string data)
    {
        if (_stores.TryGetValue(data, out var store))
            return store;
        TestedStore behind = Options.Store is StoreChoice.Sqlite or StoreChoice.SqliteRedis ? new TestedSqlite(data) : await NewDatabaseAsync();
        if (Options.Store is StoreChoice.Sqlite or StoreChoice.Postgres)
            return _stores[data] = behind;
        _redis ??= await RedisServer.StartAsync();
        return _stores[data] = new TestedRedis(behind, _redis, $"bench{_stores.Count}");
    }

    private async Task<TestedStore> NewDatabaseAsync()
    {
        _postgres ??= await StartPostgresAsync();
        var database = await _postgres.CreateDatabaseAsync();
        await _postgres.RunSqlAsync("CREATE EXTENSION pg_stat_statements", database);
        return new TestedPostgres(_postgres, database);
    }

    private async Task<PostgresServer> StartPostgresAsync()
    {
        var server = await PostgresServer.StartAsync(durable: true, under: _root);
        if (Options.DatabaseCpu is { } cpu)
            foreach (var process in ProcFs.Children(server.ProcessId).Append(server.ProcessId))
                CpuAffinity.Keep(process, [cpu]);
        return server;
    }
}
