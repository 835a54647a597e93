using Grapnel.Server.Tests.Support;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Faults.Harness;

/// <summary>Several nodes on one database of PostgreSQL, each a process with a client of its own. All calls are about the application <c>default</c>.</summary>
internal sealed class ClusterRig : IAsyncDisposable
{
    /// <summary>Settings by which nodes notice within two seconds that another one is gone.</summary>
    public static readonly (string Name, string Value)[] Quick =
        [("GRAPNEL_NODE__HEARTBEAT", "500ms"), ("GRAPNEL_NODE__EXPEL_AFTER", "2s"), ("GRAPNEL_NODE__SWEEP", "500ms")];

    private readonly OwnDatabase _database;
    private readonly (string Name, string Value)[] _settings;
    private readonly List<Rig> _nodes = [];

    private ClusterRig(OwnDatabase database, (string, string)[] settings) => (_database, _settings) = (database, settings);

    public IReadOnlyList<Rig> Nodes => _nodes;

    public OwnDatabase Database => _database;

    public Rig this[int node] => _nodes[node];

    /// <summary>Starts nodes, all at once: one of them makes the tables, and the others wait for it.</summary>
    /// <param name="nodes">How many.</param>
    /// <param name="settings">Environment variables of each.</param>
    /// <param name="server">Where the database is to be; the server that tests share by default.</param>
    public static async Task<ClusterRig> StartAsync(int nodes, (string Name, string Value)[] settings, PostgresServer? server = null)
    {
        var cluster = new ClusterRig(await OwnDatabase.CreateAsync(server ?? await PostgresServer.Shared), settings);
        try
        {
            cluster._nodes.AddRange(await Task.WhenAll(Enumerable.Range(0, nodes).Select(i => cluster.StartNodeAsync(i, []))));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts one more node.</summary>
    /// <param name="settings">Its own environment variables.</param>
    public async Task<Rig> AddAsync(params (string Name, string Value)[] settings)
    {
        var node = await StartNodeAsync(_nodes.Count, settings);
        _nodes.Add(node);
        return node;
    }

    private Task<Rig> StartNodeAsync(int number, (string Name, string Value)[] settings) =>
        Rig.StartAsync(settings: [.. _settings, .. _database.Settings, ("GRAPNEL_NODE__NAME", $"node-{number}"), .. settings]);

    /// <summary>How many lanes each node has, by its name, as one of them sees it.</summary>
    public static async Task<Dictionary<string, int>> LanesAsync(Rig seenBy) => (await seenBy.Client.GetJsonAsync("/api/v1/node"))["data"].EnumerateArray()
        .ToDictionary(node => node.GetProperty("name").GetString()!, node => node.GetProperty("lanes").GetInt32());

    /// <summary>Whether every node has lanes, and the most has at most twice as many as the least. Only lanes with something to do spread.</summary>
    public async Task<bool> AreLanesSpreadAsync()
    {
        var lanes = (await LanesAsync(_nodes[0])).Values;
        return lanes.Count == _nodes.Count && lanes.Min() > 0 && lanes.Max() <= 2 * lanes.Min();
    }

    public Task WaitUntilLanesAreSpreadAsync() => Eventually.IsTrueAsync("lanes are spread", AreLanesSpreadAsync);

    /// <summary>The node that owns an endpoint's lane, or null.</summary>
    public async Task<Rig?> OwnerAsync(string endpoint, Rig seenBy)
    {
        var owner = (await seenBy.Client.GetJsonAsync($"{seenBy.App}/endpoint/{endpoint}/lane"))["node"].GetString();
        var node = (await seenBy.Client.GetJsonAsync("/api/v1/node"))["data"].EnumerateArray()
            .FirstOrDefault(node => node.GetProperty("id").GetString() == owner);
        return node.ValueKind == System.Text.Json.JsonValueKind.Undefined
            ? null
            : _nodes[int.Parse(node.GetProperty("name").GetString()!.Split('-')[1], null)];
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_nodes.Select(node => node.DisposeAsync().AsTask()));
        await _database.DisposeAsync();
    }
}
