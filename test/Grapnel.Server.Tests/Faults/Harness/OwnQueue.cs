using Grapnel.Testing;

namespace Grapnel.Server.Tests.Faults.Harness;

/// <summary>Keys in Redis that nobody else uses.</summary>
internal static class OwnQueue
{
    /// <summary>The settings of servers that share a new queue.</summary>
    public static (string Name, string Value)[] Settings(RedisServer server) =>
    [
        ("GRAPNEL_QUEUE", "redis"), ("GRAPNEL_REDIS__CONNECTION_STRING", server.ConnectionString), ("GRAPNEL_REDIS__KEY_PREFIX", $"{Guid.NewGuid():N}"),
    ];
}
