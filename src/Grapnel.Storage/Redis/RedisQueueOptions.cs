namespace Grapnel.Storage.Redis;

/// <summary>Where Redis is, and how it is used as the queue in front of a store. Section <c>Redis</c>.</summary>
public sealed class RedisQueueOptions
{
    /// <summary>
    /// The servers and how to reach them, as StackExchange.Redis reads it, for example <c>redis:6379,password=…,ssl=true</c>; for Redis Cluster a few of
    /// its nodes. Redis 7 or newer, or what speaks its protocol.
    /// </summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>What all keys begin with, so that several installations can share a server. Default <c>grapnel</c>; no braces.</summary>
    public string KeyPrefix { get; set; } = "grapnel";

    /// <summary>How long a command may take before it is given up and Redis counts as away. Default 1 s; 100 ms to 30 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(1);
}
