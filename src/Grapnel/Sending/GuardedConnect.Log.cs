using Microsoft.Extensions.Logging;

namespace Grapnel.Sending;

internal sealed partial class GuardedConnect
{
    [LoggerMessage(LogLevel.Information, "Refused to connect to {Host}: {Verdict}. Networks are opened by Network:AllowNet.")]
    private partial void LogRefused(string host, AddressVerdict verdict);
}
