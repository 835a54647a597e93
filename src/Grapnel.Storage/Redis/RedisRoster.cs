using StackExchange.Redis;

namespace Grapnel.Storage.Redis;

/// <summary>
/// Who has joined the queue since it last began anew, and the mark under which lanes count as complete. The store says which nodes there are at all; this
/// says which of them know about the queue as it is. Whenever Redis may have lost something, the queue begins anew: every node must join again under a new
/// id, and until each one has done so or is expelled, no lane is given away. So a lane never has two owners, whatever Redis forgets.
/// </summary>
internal sealed class RedisRoster(RedisLink redis, IDeliveryStore store)
{
    private volatile Page? _page;
    private volatile string? _open;

    /// <summary>What was last read of it.</summary>
    public async Task<Page> CurrentAsync() => _page ?? await LookAsync().ConfigureAwait(false);

    /// <summary>Reads it anew; begins it where there is nothing.</summary>
    public async Task<Page> LookAsync()
    {
        while (true)
        {
            var fields = await redis.Database.HashGetAllAsync(redis.Queue).ConfigureAwait(false);
            if (Page.Of(fields) is { } page)
                return _page = page;
            await BeginAsync("", await ReadServersAsync().ConfigureAwait(false)).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// With every heartbeat: begins anew where a server has been started again or another one has taken its place, which may both have lost what was
    /// written last; and forgets nodes that are gone. Nodes enter the store before they enter here, so they are read there afterwards.
    /// </summary>
    public async Task<Page> TendAsync(CancellationToken cancellationToken)
    {
        var page = await LookAsync().ConfigureAwait(false);
        var servers = await ReadServersAsync().ConfigureAwait(false);
        if (servers.Exists(server => !page.Servers.Contains(server)))
        {
            await BeginAsync(page.Epoch, servers).ConfigureAwait(false);
            page = await LookAsync().ConfigureAwait(false);
        }
        var nodes = await ReadNodesAsync(cancellationToken).ConfigureAwait(false);
        var gone = page.Nodes.Where(node => !nodes.Contains(node)).ToList();
        return gone.Count == 0 ? page : await ForgetAsync(page, gone).ConfigureAwait(false);
    }

    /// <summary>Enters a node.</summary>
    public async Task AddAsync(Id<Node> node)
    {
        await redis.Database.HashSetAsync(redis.Queue, node.ToString(), 1).ConfigureAwait(false);
        await LookAsync().ConfigureAwait(false);
    }

    /// <summary>Strikes out a node that leaves in order. Nobody may own a lane in its name any more.</summary>
    public async Task RemoveAsync(Id<Node> node)
    {
        await redis.Database.HashDeleteAsync(redis.Queue, node.ToString()).ConfigureAwait(false);
        await redis.Database.KeyDeleteAsync(redis.Owned(node.ToString())).ConfigureAwait(false);
        await LookAsync().ConfigureAwait(false);
    }

    /// <summary>From now on, every lane is to be looked over before it is read.</summary>
    public async Task DoubtAllAsync() => await ForgetAsync(await LookAsync().ConfigureAwait(false), []).ConfigureAwait(false);

    /// <summary>Whether a node may be given lanes: it has joined, and nobody is left who knows only of the queue as it was before it began anew.</summary>
    public async Task<bool> MayTakeAsync(Id<Node> node, CancellationToken cancellationToken)
    {
        var page = await CurrentAsync().ConfigureAwait(false);
        if (!page.Has(node) || _open != page.Epoch)
            page = await LookAsync().ConfigureAwait(false);
        if (!page.Has(node))
            return false;
        if (_open != page.Epoch && (await ReadNodesAsync(cancellationToken).ConfigureAwait(false)).IsSubsetOf(page.Nodes))
            _open = page.Epoch;
        return _open == page.Epoch;
    }

    /// <summary>Whether an owner that was read of a lane is one no longer.</summary>
    public async Task<bool> IsGoneAsync(string owner) =>
        !(await CurrentAsync().ConfigureAwait(false)).Nodes.Contains(owner) && !(await LookAsync().ConfigureAwait(false)).Nodes.Contains(owner);

    private async Task<HashSet<string>> ReadNodesAsync(CancellationToken cancellationToken) =>
        [.. (await store.ReadNodesAsync(cancellationToken).ConfigureAwait(false)).Select(node => node.Id.ToString())];

    private async Task<Page> ForgetAsync(Page page, List<string> nodes)
    {
        await redis.Database.ScriptEvaluateAsync(
            RedisScripts.Forget, [redis.Queue], [page.Epoch, NewName(), .. nodes.Select(node => (RedisValue)node)]).ConfigureAwait(false);
        foreach (var node in nodes)
            await redis.Database.KeyDeleteAsync(redis.Owned(node)).ConfigureAwait(false);
        return await LookAsync().ConfigureAwait(false);
    }

    private Task BeginAsync(string ended, List<string> servers) => redis.Database.ScriptEvaluateAsync(
        RedisScripts.Begin, [redis.Queue], [ended, NewName(), NewName(), string.Join(' ', servers)]);

    // What a server calls itself changes whenever it is started. One that cannot be asked now is asked with the next heartbeat.
    private async Task<List<string>> ReadServersAsync()
    {
        var found = new List<string>();
        foreach (var server in redis.Connection.GetServers())
        {
            if (!server.IsConnected || server.IsReplica)
                continue;
            try
            {
                var info = await server.InfoAsync("server").ConfigureAwait(false);
                found.AddRange(info.SelectMany(section => section).Where(pair => pair.Key == "run_id").Select(pair => pair.Value));
            }
            catch (RedisServerException)
            {
                // It does not tell this user. Then only what is missing altogether is noticed.
            }
        }
        return found;
    }

    private static string NewName() => Guid.NewGuid().ToString("N");

    /// <summary>The roster as it was read.</summary>
    /// <param name="Epoch">Which life of the queue it is.</param>
    /// <param name="Mark">What complete lanes carry.</param>
    /// <param name="Servers">The servers that hold the queue.</param>
    /// <param name="Nodes">Who has joined.</param>
    internal sealed record Page(string Epoch, string Mark, HashSet<string> Servers, HashSet<string> Nodes)
    {
        public bool Has(Id<Node> node) => Nodes.Contains(node.ToString());

        public static Page? Of(HashEntry[] fields)
        {
            string? Text(string name) => Array.Find(fields, field => field.Name == name).Value;
            return (Text("epoch"), Text("mark")) is ({ } epoch, { } mark)
                ? new Page(epoch, mark, [.. (Text("servers") ?? "").Split(' ')], [.. fields.Select(field => field.Name.ToString()).Where(name => name.StartsWith(Node.IdPrefix, StringComparison.Ordinal))])
                : null;
        }
    }
}
