using StackExchange.Redis;

namespace Grapnel.Storage.Redis;

/// <summary>
/// Who has joined the queue since it last began anew, and the mark under which lanes count as complete. The store says which nodes there are at all; this
/// says which of them know about the queue as it is. Whenever Redis may have lost something, the queue begins anew: every node must join again under a new
/// id, and until each one has done so or is expelled, no lane is given away. So a lane never has two owners, whatever Redis forgets.
/// </summary>
internal sealed class RedisRoster
{
    private readonly RedisLink _redis;
    private readonly IDeliveryStore _store;
    private readonly RedisLog _log;
    private volatile Page? _page;
    private volatile string? _open;
    private volatile bool _suspicious;

    public RedisRoster(RedisLink redis, IDeliveryStore store, RedisLog log)
    {
        (_redis, _store, _log) = (redis, store, log);
        // Whoever answers from now on need not know what was written before.
        _redis.Connection.ConnectionFailed += (_, _) => Suspect();
        _redis.Connection.ConnectionRestored += (_, _) => Suspect();
        _redis.Connection.ConfigurationChanged += (_, _) => Suspect();
    }

    /// <summary>What was last read of it.</summary>
    public async Task<Page> CurrentAsync() => _page ?? await LookAsync().ConfigureAwait(false);

    /// <summary>Reads it anew; begins it where there is nothing.</summary>
    public async Task<Page> LookAsync()
    {
        while (true)
        {
            var fields = await _redis.Database.HashGetAllAsync(_redis.Queue).ConfigureAwait(false);
            if (Page.Of(fields) is not { } page)
                await BeginAsync("", await ReadServersAsync().ConfigureAwait(false)).ConfigureAwait(false);
            else if (!page.IsReady)
                await WriteDownAsync(page.Epoch).ConfigureAwait(false);
            else
                return _page = page;
        }
    }

    /// <summary>
    /// With every heartbeat: begins anew where a bucket was lost, and where a server has been started again or another one has taken its place, which may
    /// both have lost what was written last; and forgets nodes that are gone. Nodes enter the store before they enter here, so they are read there afterwards.
    /// </summary>
    public async Task<Page> TendAsync(CancellationToken cancellationToken)
    {
        _suspicious = false;
        try
        {
            var page = await LookAsync().ConfigureAwait(false);
            var servers = await ReadServersAsync().ConfigureAwait(false);
            if (servers.Exists(server => !page.Servers.Contains(server)) || !await IsWrittenDownAsync(page.Epoch).ConfigureAwait(false))
            {
                await BeginAsync(page.Epoch, servers).ConfigureAwait(false);
                page = await LookAsync().ConfigureAwait(false);
            }
            var nodes = await ReadNodesAsync(cancellationToken).ConfigureAwait(false);
            var gone = page.Nodes.Where(node => !nodes.Contains(node)).ToList();
            return gone.Count == 0 ? page : await ForgetAsync(page, gone).ConfigureAwait(false);
        }
        catch
        {
            _suspicious = true;
            throw;
        }
    }

    /// <summary>Enters a node.</summary>
    public async Task AddAsync(Id<Node> node)
    {
        await _redis.Database.HashSetAsync(_redis.Queue, node.ToString(), 1).ConfigureAwait(false);
        await LookAsync().ConfigureAwait(false);
    }

    /// <summary>Strikes out a node that leaves in order. Nobody may own a lane in its name any more.</summary>
    public async Task RemoveAsync(Id<Node> node)
    {
        await _redis.Database.HashDeleteAsync(_redis.Queue, node.ToString()).ConfigureAwait(false);
        await _redis.Database.KeyDeleteAsync(_redis.Owned(node.ToString())).ConfigureAwait(false);
        await LookAsync().ConfigureAwait(false);
    }

    /// <summary>From now on, every lane is to be looked over before it is read.</summary>
    public async Task DoubtAllAsync() => await ForgetAsync(await LookAsync().ConfigureAwait(false), []).ConfigureAwait(false);

    /// <summary>
    /// The epoch in which a node may be given lanes; null when it may not. It must have joined, and nobody may be left who knows only of the queue as it
    /// was before it began anew.
    /// </summary>
    public async Task<string?> FindEpochToTakeInAsync(Id<Node> node, CancellationToken cancellationToken)
    {
        if (_suspicious)
            await TendAsync(cancellationToken).ConfigureAwait(false);
        var page = await CurrentAsync().ConfigureAwait(false);
        if (!page.Has(node) || _open != page.Epoch)
            page = await LookAsync().ConfigureAwait(false);
        if (!page.Has(node))
            return null;
        if (_open != page.Epoch && (await ReadNodesAsync(cancellationToken).ConfigureAwait(false)).IsSubsetOf(page.Nodes))
            _open = page.Epoch;
        return _open == page.Epoch ? page.Epoch : null;
    }

    /// <summary>Something may have been lost: no lane is given away before that is looked into.</summary>
    public void Suspect() => _suspicious = true;

    /// <summary>Whether an owner that was read of a lane is one no longer.</summary>
    public async Task<bool> IsGoneAsync(string owner) =>
        !(await CurrentAsync().ConfigureAwait(false)).Nodes.Contains(owner) && !(await LookAsync().ConfigureAwait(false)).Nodes.Contains(owner);

    private async Task<HashSet<string>> ReadNodesAsync(CancellationToken cancellationToken) =>
        [.. (await _store.ReadNodesAsync(cancellationToken).ConfigureAwait(false)).Select(node => node.Id.ToString())];

    private async Task<Page> ForgetAsync(Page page, List<string> nodes)
    {
        await _redis.Database.ScriptEvaluateAsync(
            RedisScripts.Forget, [_redis.Queue], [page.Epoch, NewName(), .. nodes.Select(node => (RedisValue)node)]).ConfigureAwait(false);
        foreach (var node in nodes)
            await _redis.Database.KeyDeleteAsync(_redis.Owned(node)).ConfigureAwait(false);
        return await LookAsync().ConfigureAwait(false);
    }

    private async Task BeginAsync(string ended, List<string> servers)
    {
        await _redis.Database.ScriptEvaluateAsync(
            RedisScripts.Begin, [_redis.Queue], [ended, NewName(), NewName(), string.Join(' ', servers)]).ConfigureAwait(false);
        _log.Begins(anew: ended.Length > 0 || _page is not null);
    }

    // In every bucket. Of one that says something else afterwards, what was stored in it is lost.
    private async Task WriteDownAsync(string epoch)
    {
        await Task.WhenAll(Buckets(key => _redis.Database.StringSetAsync(key, epoch))).ConfigureAwait(false);
        await _redis.Database.ScriptEvaluateAsync(RedisScripts.Ready, [_redis.Queue], [epoch]).ConfigureAwait(false);
    }

    private async Task<bool> IsWrittenDownAsync(string epoch) =>
        Array.TrueForAll(await Task.WhenAll(Buckets(key => _redis.Database.StringGetAsync(key))).ConfigureAwait(false), written => written == epoch);

    private IEnumerable<Task<T>> Buckets<T>(Func<RedisKey, Task<T>> each) => Enumerable.Range(0, RedisLink.Buckets).Select(bucket => each(_redis.Epoch(bucket)));

    // What a server calls itself changes whenever it is started. One that cannot be asked now is asked with the next heartbeat.
    private async Task<List<string>> ReadServersAsync()
    {
        var found = new List<string>();
        foreach (var server in _redis.Connection.GetServers())
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
    /// <param name="IsReady">Whether the epoch is written down in all buckets.</param>
    internal sealed record Page(string Epoch, string Mark, HashSet<string> Servers, HashSet<string> Nodes, bool IsReady)
    {
        public bool Has(Id<Node> node) => Nodes.Contains(node.ToString());

        public static Page? Of(HashEntry[] fields)
        {
            string? Text(string name) => Array.Find(fields, field => field.Name == name).Value;
            return (Text("epoch"), Text("mark")) is ({ } epoch, { } mark)
                ? new Page(
                    epoch, mark, [.. (Text("servers") ?? "").Split(' ')],
                    [.. fields.Select(field => field.Name.ToString()).Where(name => name.StartsWith(Node.IdPrefix, StringComparison.Ordinal))],
                    Text("ready") is not null)
                : null;
        }
    }
}
