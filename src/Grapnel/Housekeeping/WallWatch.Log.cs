using Microsoft.Extensions.Logging;

namespace Grapnel.Housekeeping;

internal sealed partial class WallWatch
{
    [LoggerMessage(EventId = 330, Level = LogLevel.Warning, Message =
        "The wall clock jumped {Jump} {Direction}. Retries and pauses wait as long as they had to; messages with a deliverAt {Meaning}")]
    private static partial void LogJumped(ILogger logger, TimeSpan jump, string direction, string meaning);
}
