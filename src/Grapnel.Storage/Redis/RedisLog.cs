using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Grapnel.Storage.Redis;

/// <summary>What operators are told of Redis: that it is away, that it is back, and that it has forgotten.</summary>
internal sealed partial class RedisLog
{
    private readonly ILogger _logger;

    public RedisLog(IConnectionMultiplexer connection, ILogger logger)
    {
        _logger = logger;
        // Commands have one connection to each server; that for signals comes and goes with it.
        connection.ConnectionFailed += (_, lost) =>
        {
            if (lost.ConnectionType == ConnectionType.Interactive)
                LogAway(_logger, lost.EndPoint, lost.FailureType);
        };
        connection.ConnectionRestored += (_, found) =>
        {
            if (found.ConnectionType == ConnectionType.Interactive)
                LogBack(_logger, found.EndPoint);
        };
        if (!connection.IsConnected)
            LogAbsent(_logger);
    }

    /// <summary>The queue begins.</summary>
    /// <param name="anew">Whether there was one before.</param>
    public void Begins(bool anew)
    {
        if (anew)
            LogLost(_logger);
        else
            LogNew(_logger);
    }

    [LoggerMessage(EventId = 510, Level = LogLevel.Warning, Message = "Redis at {Server} is away ({Failure}). Messages are accepted, and none is sent until it is back.")]
    private static partial void LogAway(ILogger logger, System.Net.EndPoint? server, ConnectionFailureType failure);

    [LoggerMessage(EventId = 511, Level = LogLevel.Information, Message = "Redis at {Server} is back.")]
    private static partial void LogBack(ILogger logger, System.Net.EndPoint? server);

    [LoggerMessage(EventId = 512, Level = LogLevel.Warning, Message = "Redis cannot be reached. Messages are accepted, and none is sent until it is there.")]
    private static partial void LogAbsent(ILogger logger);

    [LoggerMessage(EventId = 513, Level = LogLevel.Warning, Message = "Redis may have lost what it held: the queue is filled again from the store.")]
    private static partial void LogLost(ILogger logger);

    [LoggerMessage(EventId = 514, Level = LogLevel.Information, Message = "The queue in Redis is empty: it is filled from the store.")]
    private static partial void LogNew(ILogger logger);
}
