namespace Grapnel.Server.Api;

internal sealed partial class ErrorHandling
{
    [LoggerMessage(LogLevel.Error, "{Method} {Path} failed unexpectedly")]
    private partial void LogUnexpected(Exception error, string method, string path);

    [LoggerMessage(LogLevel.Warning, "The store cannot take writes; the request was answered with 503")]
    private partial void LogStoreUnavailable(Exception error);
}
