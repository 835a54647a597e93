using System.Diagnostics;
using Npgsql;

namespace Grapnel.Testing;

/// <summary>
/// A real PostgreSQL server in a temporary folder of its own, on a free port of the loopback address. It is run by another user when the tests are
/// run by root, whom PostgreSQL refuses.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string User = "grapnel";

    // The server that tests share which do not stop it; it goes when they end.
    private static readonly Lazy<Task<PostgresServer>> SharedServer = new(async () =>
    {
        var server = await StartAsync();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return server;
    });

    // What is lost when the machine loses power is not what tests are about.
    private static readonly string[] Hasty = ["fsync=off", "full_page_writes=off", "shared_buffers=64MB"];
    private static readonly string[] Durable =
        ["shared_buffers=512MB", "max_wal_size=4GB", "shared_preload_libraries=pg_stat_statements", "pg_stat_statements.track=all"];

    private readonly string _folder;
    private readonly string[] _settings;
    private Process? _process;
    private int _databases;

    private PostgresServer(string folder, int port, string[] settings) => (_folder, Port, _settings) = (folder, port, settings);

    public int Port { get; }

    public static Task<PostgresServer> Shared => SharedServer.Value;

    /// <summary>Starts a server with a new cluster.</summary>
    /// <param name="durable">Whether it is to be as durable as it is by default, and as fast as it can be so; it also counts statements then.</param>
    /// <param name="under">The folder to make its own folder in; that of the system for temporary files by default.</param>
    public static async Task<PostgresServer> StartAsync(bool durable = false, string? under = null)
    {
        var folder = under is null ? Directory.CreateTempSubdirectory("grapnel-postgres-").FullName
            : Directory.CreateDirectory(Path.Combine(under, $"postgres-{Guid.NewGuid():N}")).FullName;
        if (Environment.IsPrivilegedProcess)
            await RunAsync("chown", "postgres", folder);
        var server = new PostgresServer(folder, Ports.Free(), durable ? Durable : Hasty);
        await RunAsync(AsUser(Tool("initdb"), "--pgdata", server.Data, "--username", User, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"));
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>The connection string of a database of this server.</summary>
    public string ConnectionString(string database) => $"Host=127.0.0.1;Port={Port};Username={User};Database={database}";

    /// <summary>A new database, empty or a copy of another one that nobody is connected to.</summary>
    public async Task<string> CreateDatabaseAsync(string? template = null)
    {
        var name = $"test{Interlocked.Increment(ref _databases)}";
        await RunSqlAsync($"CREATE DATABASE {name} TEMPLATE {template ?? "template0"} STRATEGY {(template is null ? "wal_log" : "file_copy")}");
        return name;
    }

    /// <summary>A new database with what is in an archive of <c>pg_dump</c>.</summary>
    public async Task<string> RestoreAsync(string archive)
    {
        var copy = await CreateDatabaseAsync();
        await RunAsync(Tool("pg_restore"), "--host=127.0.0.1", $"--port={Port}", $"--username={User}", "--exit-on-error", "--no-owner", $"--dbname={copy}", archive);
        return copy;
    }

    /// <summary>A new database with what <c>pg_dump</c> once wrote as SQL.</summary>
    public async Task<string> RestoreAsync(Stream sql)
    {
        var path = Path.Combine(Data, $"{Guid.NewGuid():N}.sql");
        await using (var file = File.Create(path))
            await sql.CopyToAsync(file);
        var copy = await CreateDatabaseAsync();
        await RunAsync(AsUser([Tool("psql"), "--host=127.0.0.1", $"--port={Port}", $"--username={User}", "--quiet", "--set=ON_ERROR_STOP=1", $"--file={path}", copy]));
        return copy;
    }

    public Task DropDatabaseAsync(string name) => RunSqlAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");

    public async Task RunSqlAsync(string sql, string database = "postgres")
    {
        await using var connection = new NpgsqlConnection(ConnectionString(database) + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The numbers that a query finds in its first column.</summary>
    public async Task<IReadOnlyList<long>> ReadNumbersAsync(string sql, string database)
    {
        await using var connection = new NpgsqlConnection(ConnectionString(database) + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var found = new List<long>();
        while (await reader.ReadAsync())
            found.Add(reader.GetInt64(0));
        return found;
    }

    /// <summary>The process of the server, to be signalled.</summary>
    public int ProcessId => int.Parse(File.ReadLines(Path.Combine(Data, "postmaster.pid")).First(), null);

    /// <summary>Stops the server: <c>fast</c> ends sessions in order, <c>immediate</c> is a crash.</summary>
    public async Task StopAsync(string mode)
    {
        if (_process is not { } process)
            return;
        _process = null;
        await RunAsync(AsUser(Tool("pg_ctl"), "stop", "--pgdata", Data, "--mode", mode, "--silent"));
        await process.WaitForExitAsync();
        process.Dispose();
    }

    /// <summary>Starts a server that was stopped, with the data it had.</summary>
    public async Task StartAgainAsync()
    {
        var command = AsUser([
            Tool("postgres"), "-D", Data, "-p", $"{Port}", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
            "-c", "max_connections=300", .. _settings.SelectMany(setting => (string[])["-c", setting])]);
        _process = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        // pg_ctl waits until the server answers, or is gone.
        await RunAsync(AsUser(Tool("pg_isready"), "-h", "127.0.0.1", "-p", $"{Port}", "-t", "30"), tries: 300);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync("immediate");
        Directory.Delete(_folder, recursive: true);
    }

    private string Data => Path.Combine(_folder, "data");

    // Debian keeps the programs of each version out of the path.
    private static string Tool(string name) => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin", name)).Where(File.Exists).Order().LastOrDefault() ?? name
        : name;

    private static string[] AsUser(params string[] command) =>
        Environment.IsPrivilegedProcess ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", .. command] : command;

    private static Task RunAsync(params string[] command) => RunAsync(command, tries: 1);

    private static async Task RunAsync(string[] command, int tries)
    {
        while (true)
        {
            using var process = Process.Start(new ProcessStartInfo(command[0], command[1..])
            {
                RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath(),
            })!;
            var output = process.StandardOutput.ReadToEndAsync();
            var error = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            if (process.ExitCode == 0)
                return;
            if (--tries <= 0)
                throw new InvalidOperationException($"{string.Join(' ', command)} failed with {process.ExitCode}: {await output}{error}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }
}
