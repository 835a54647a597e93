using System.Collections;
using System.Collections.Concurrent;
using System.Net.Http.Headers;
using Grapnel.Server.Api.Description;
using Grapnel.Server.Hosting;
using Grapnel.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Grapnel.Server.Tests.Support;

/// <summary>A whole server on a loopback port, with the embedded store in a folder of its own. May deliver to loopback unless told otherwise.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    public const string Key = "a-key-that-every-test-server-knows";

    private static readonly Dictionary<string, string?> Defaults = new()
    {
        ["Urls"] = "http://127.0.0.1:0",
        ["ApiKey"] = Key,
        ["Network:AllowNet"] = "127.0.0.0/8",
        ["Delivery:ShutdownGrace"] = "1s",
        ["Logging:LogLevel:Default"] = "None",
        ["Logging:LogLevel:Microsoft.AspNetCore"] = "None",
        ["Logging:LogLevel:Microsoft.EntityFrameworkCore"] = "None",
    };

    private static Task<ApiDocument>? _document;

    private readonly WebApplication _app;
    private readonly bool _ownsFolder;

    private TestServer(WebApplication app, string folder, bool ownsFolder)
    {
        (_app, Folder, _ownsFolder) = (app, folder, ownsFolder);
        Client = CreateClient(Key);
        Stranger = CreateClient(key: null);
    }

    /// <summary>Where the store is.</summary>
    public string Folder { get; }

    /// <summary>The base address.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>Shows the key.</summary>
    public HttpClient Client { get; }

    /// <summary>Shows none.</summary>
    public HttpClient Stranger { get; }

    /// <summary>What the server says of itself. The same whatever server is asked, so one asks once.</summary>
    public Task<ApiDocument> Document => _document ??= ReadDocumentAsync();

    private async Task<ApiDocument> ReadDocumentAsync()
    {
        using var client = new HttpClient();
        return new ApiDocument(await client.GetStringAsync(new Uri(Address, ApiDescription.DocumentPath)));
    }

    /// <summary>A service of the server.</summary>
    public T Get<T>() where T : notnull => _app.Services.GetRequiredService<T>();

    /// <summary>Starts a server.</summary>
    /// <param name="settings">Wins over the defaults of tests; a null value takes a default away.</param>
    /// <param name="services">Adds to or replaces what is registered.</param>
    /// <param name="folder">An existing store to go on with; by default a new one, which goes away with the server.</param>
    /// <param name="announce">Gets what is told to the operator only.</param>
    /// <param name="environment">The variables that there are; by default none.</param>
    public static async Task<TestServer> StartAsync(
        IReadOnlyDictionary<string, string?>? settings = null, Action<IServiceCollection>? services = null, string? folder = null,
        Action<string>? announce = null, Hashtable? environment = null)
    {
        var data = folder ?? Directory.CreateTempSubdirectory("grapnel-test-").FullName;
        var all = new Dictionary<string, string?>(Defaults) { ["Store:Data"] = data };
        foreach (var (name, value) in await OtherStoreAsync(data))
            all[name] = value;
        foreach (var (name, value) in settings ?? new Dictionary<string, string?>())
            all[name] = value;
        var app = GrapnelHost.Build(new HostSetup
        {
            Settings = all.Where(setting => setting.Value is not null).ToDictionary(),
            Environment = environment ?? [],
            SettingsFile = Path.Combine(data, "no-settings-file.json"),
            Announce = text => announce?.Invoke(text),
            Services = services,
        });
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
        return new TestServer(app, data, ownsFolder: folder is null);
    }

    /// <summary>
    /// With GRAPNEL_TEST_STORE=postgres every server of the tests has a database instead: any of them can be run so, to see whether what it says holds
    /// there, too.
    /// </summary>
    private static async Task<IEnumerable<(string, string?)>> OtherStoreAsync(string data)
    {
        if (Environment.GetEnvironmentVariable("GRAPNEL_TEST_STORE") is not "postgres")
            return [];
        var server = await PostgresServer.Shared;
        // As a folder has its store, and keeps it, it has its database.
        var name = await Databases.GetOrAdd(data, _ => new Lazy<Task<string>>(() => server.CreateDatabaseAsync())).Value;
        return [("Store", "Postgres"), ("Postgres:ConnectionString", server.ConnectionString(name)), ("Postgres:MaxConnections", "5")];
    }

    private static readonly ConcurrentDictionary<string, Lazy<Task<string>>> Databases = new();

    public HttpClient CreateClient(string? key)
    {
        var client = new HttpClient(new DocumentCheck(() => Document)) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(60) };
        if (key is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Stranger.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        if (_ownsFolder)
            Directory.Delete(Folder, recursive: true);
    }
}
