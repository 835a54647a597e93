using Microsoft.Extensions.Logging;

namespace Grapnel.Housekeeping;

internal sealed partial class KeyKeeper
{
    [LoggerMessage(EventId = 340, Level = LogLevel.Warning, Message =
        "When API keys were last used could not be written down, or old revocations not removed; both are tried again at their next turn")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
