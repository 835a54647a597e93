using StackExchange.Redis;

namespace Grapnel.Storage.Redis;

/// <summary>Tells that Redis, or the way to it, is at fault.</summary>
internal static class RedisErrors
{
    /// <summary>Whether Redis did not do what it was told: not reached, not answered in time, starting, without memory, without its other half.</summary>
    public static bool IsAway(Exception error) => error is RedisException or TimeoutException or ObjectDisposedException;

    /// <summary>The failure as callers see it. Neither it nor the message names the connection string, which has a password in it.</summary>
    public static StoreUnavailableException Unavailable(Exception error) => new($"Redis cannot be used just now: {Describe(error)}", error);

    /// <summary>What is wrong, as a sentence for people.</summary>
    public static string Describe(Exception error) => error switch
    {
        RedisTimeoutException => "it did not answer in time.",
        RedisConnectionException => "it cannot be reached.",
        _ => error.Message,
    };
}
