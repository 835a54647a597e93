using Grapnel.Storage.Redis;
using StackExchange.Redis;

namespace Grapnel.Storage.Examining;

/// <summary>A Redis server, as an examination found it.</summary>
/// <param name="Server">Where it is.</param>
/// <param name="Version">Its version.</param>
/// <param name="EvictionPolicy">What it does when its memory is full; empty when it does not say.</param>
/// <param name="UsedBytes">Memory in use.</param>
/// <param name="MostBytes">Memory that it may use; 0 for no limit.</param>
public sealed record RedisReport(string Server, Version Version, string EvictionPolicy, long UsedBytes, long MostBytes);

/// <summary>Looks at the servers of a queue, and changes nothing.</summary>
public static class RedisExamination
{
    /// <summary>Examines all that are reached.</summary>
    /// <exception cref="StoreOpenException">None can be reached; says why.</exception>
    public static async Task<IReadOnlyList<RedisReport>> RunAsync(RedisQueueOptions options)
    {
        try
        {
            var link = await RedisLink.OpenAsync(options).ConfigureAwait(false);
            await using (link.ConfigureAwait(false))
            {
                var reports = new List<RedisReport>();
                foreach (var server in link.Connection.GetServers().Where(server => server.IsConnected))
                    reports.Add(await ExamineAsync(server).ConfigureAwait(false));
                return reports.Count > 0 ? reports : throw new StoreOpenException("Redis does not answer.");
            }
        }
        catch (RedisException failure)
        {
            throw new StoreOpenException($"Redis does not answer as it should: {RedisErrors.Describe(failure)}", failure);
        }
    }

    private static async Task<RedisReport> ExamineAsync(IServer server)
    {
        var facts = (await server.InfoAsync().ConfigureAwait(false)).SelectMany(section => section).GroupBy(fact => fact.Key).ToDictionary(fact => fact.Key, fact => fact.First().Value);
        long Number(string name) => long.TryParse(facts.GetValueOrDefault(name), out var number) ? number : 0;
        return new RedisReport($"{server.EndPoint}", server.Version, facts.GetValueOrDefault("maxmemory_policy", ""), Number("used_memory"), Number("maxmemory"));
    }
}
