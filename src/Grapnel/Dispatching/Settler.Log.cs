using Microsoft.Extensions.Logging;

namespace Grapnel.Dispatching;

internal sealed partial class Settler
{
    [LoggerMessage(EventId = 210, Level = LogLevel.Error, Message = "The store did not take {Count} outcomes; they are kept and tried again")]
    private static partial void LogStoreFailed(ILogger logger, Exception exception, int count);

    [LoggerMessage(EventId = 211, Level = LogLevel.Warning,
        Message = "This node was expelled while it was silent; {Count} late outcomes were not recorded, their deliveries are made again")]
    private static partial void LogExpelled(ILogger logger, int count);
}
