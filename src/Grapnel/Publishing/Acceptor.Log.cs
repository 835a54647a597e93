using Microsoft.Extensions.Logging;

namespace Grapnel.Publishing;

internal sealed partial class Acceptor
{
    [LoggerMessage(EventId = 100, Level = LogLevel.Error, Message = "The store took none of {Count} messages; they were answered with 503")]
    private static partial void LogStoreFailed(ILogger logger, Exception exception, int count);
}
