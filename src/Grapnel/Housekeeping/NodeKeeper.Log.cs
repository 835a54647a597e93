using Microsoft.Extensions.Logging;

namespace Grapnel.Housekeeping;

internal sealed partial class NodeKeeper
{
    [LoggerMessage(EventId = 300, Level = LogLevel.Warning, Message = "{Count} nodes were silent for too long and were expelled; their lanes are taken over")]
    private static partial void LogExpelled(ILogger logger, int count);

    [LoggerMessage(EventId = 301, Level = LogLevel.Error, Message = "{Work} failed; it is tried again at its next turn")]
    private static partial void LogFailed(ILogger logger, Exception exception, string work);

    [LoggerMessage(EventId = 302, Level = LogLevel.Warning, Message = "This node was silent for too long and was expelled; it has joined again under another id")]
    private static partial void LogJoinedAgain(ILogger logger);
}
