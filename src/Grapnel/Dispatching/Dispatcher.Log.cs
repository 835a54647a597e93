using Grapnel.Sending;
using Microsoft.Extensions.Logging;

namespace Grapnel.Dispatching;

internal sealed partial class Dispatcher
{
    [LoggerMessage(EventId = 200, Level = LogLevel.Debug, EventName = "delivery.attempted",
        Message = "Attempt {Attempt} of {Message} to {Endpoint}: number {Number}, {Outcome} {StatusCode} in {DurationMs} ms, {Verdict}, next in {DelayMs} ms. {Error}")]
    private static partial void LogAttempt(
        ILogger logger, Id<Attempt> attempt, Id<Message> message, Id<Endpoint> endpoint, int number, SendOutcome outcome, int statusCode,
        int durationMs, VerdictKind verdict, long delayMs, string? error);

    [LoggerMessage(EventId = 201, Level = LogLevel.Error, Message = "The lane of {Endpoint} could not be read; it is tried again in a second")]
    private static partial void LogReadFailed(ILogger logger, Exception exception, Id<Endpoint> endpoint);

    [LoggerMessage(EventId = 202, Level = LogLevel.Error, Message = "Endpoint {Endpoint} could not be disabled; it gets nothing more, and that is tried again until it works")]
    private static partial void LogDisableFailed(ILogger logger, Exception exception, Id<Endpoint> endpoint);
}
