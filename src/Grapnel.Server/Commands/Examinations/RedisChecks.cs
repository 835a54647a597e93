using Grapnel.Server.Hosting;
using Grapnel.Storage;
using Grapnel.Storage.Examining;

namespace Grapnel.Server.Commands.Examinations;

/// <summary>Redis, where it is the queue.</summary>
internal static class RedisChecks
{
    private const int OldestVersion = 7;

    public static async Task<IReadOnlyList<Finding>> RunAsync(Examined examined)
    {
        if (examined.Server.Queue != QueueKind.Redis)
            return [];
        try
        {
            return [.. (await RedisExamination.RunAsync(examined.Redis)).SelectMany(Judge)];
        }
        catch (StoreOpenException failure)
        {
            return [Finding.Fault("redis", failure.Message, "Check Redis:ConnectionString, and whether it runs. While it is away nothing is sent; nothing is lost.")];
        }
    }

    private static IEnumerable<Finding> Judge(RedisReport redis)
    {
        var faults = new List<Finding>();
        if (redis.Version.Major < OldestVersion)
            faults.Add(Finding.Fault("redis", $"Redis at {redis.Server} is version {redis.Version}.", "Use Redis 7 or newer."));
        if (redis.EvictionPolicy is not ("" or "noeviction"))
            faults.Add(Finding.Warning("redis", $"Redis at {redis.Server} throws away keys when its memory is full (maxmemory-policy {redis.EvictionPolicy}).",
                "Set maxmemory-policy noeviction, or give Grapnel a Redis of its own: lanes that are thrown away are filled again from the store, over and over."));
        if (redis.MostBytes > 0 && redis.UsedBytes > redis.MostBytes / 10 * 9)
            faults.Add(Finding.Warning("redis", $"Redis at {redis.Server} uses {redis.UsedBytes >> 20} of {redis.MostBytes >> 20} MiB.", "Raise maxmemory."));
        return faults.Count > 0 ? faults : [Finding.Fine("redis", $"Redis {redis.Version} at {redis.Server}, {redis.UsedBytes >> 20} MiB in use. It needs no persistence.")];
    }
}
