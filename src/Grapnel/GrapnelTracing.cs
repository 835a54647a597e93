using System.Diagnostics;
using System.Globalization;
using Grapnel.Dispatching;
using Grapnel.Publishing;
using Grapnel.Sending;

namespace Grapnel;

/// <summary>
/// The spans of the source <c>Grapnel</c>. A message and all its attempts are one trace: <c>publish</c> is stored with the message, and every
/// <c>deliver</c>, hours later and on whatever node, is a child of it. While nobody records there are no objects and no cost. Attributes follow the
/// semantic conventions of OpenTelemetry for messaging and for HTTP clients. The URL is not among them: for many receivers it is a secret.
/// </summary>
internal static class GrapnelTracing
{
    /// <summary>The name of the source.</summary>
    public const string SourceName = "Grapnel";

    private const string Product = "grapnel";
    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Whether anybody may record.</summary>
    public static bool IsOn => Source.HasListeners();

    /// <summary>The span that is current, as messages store it; null when nobody records it, which also holds when the caller's trace is not sampled.</summary>
    public static string? Current => Activity.Current is { Recorded: true, IdFormat: ActivityIdFormat.W3C } span ? span.Id : null;

    /// <summary>Begins the span of publishing one message, or several to one application; null while nobody listens.</summary>
    public static Activity? StartPublish(string application, int count)
    {
        var span = Source.StartActivity("publish", ActivityKind.Producer);
        if (span is not { IsAllDataRequested: true })
            return span;
        span.SetTag("messaging.system", Product).SetTag("messaging.operation.name", "publish").SetTag("messaging.operation.type", "send");
        span.SetTag("messaging.destination.name", application);
        return count == 1 ? span : span.SetTag("messaging.batch.message_count", count);
    }

    /// <summary>Notes what became of a message.</summary>
    public static void Published(Activity? span, in PublishResult result)
    {
        if (span is not { IsAllDataRequested: true })
            return;
        span.SetTag("grapnel.outcome", result.Status.ToString());
        if (result is { Status: PublishStatus.Accepted, Message: { } message })
        {
            span.SetTag("messaging.message.id", message.Id.ToString()).SetTag("messaging.message.body.size", message.Payload?.Length);
            span.SetTag("grapnel.application.id", message.ApplicationId.ToString()).SetTag("grapnel.event_type", message.EventType);
        }
        else if (result.Status == PublishStatus.Unavailable)
        {
            span.SetStatus(ActivityStatusCode.Error, "The store cannot take the message now.");
        }
    }

    /// <summary>Begins the span of an attempt; null for a message whose publish was not recorded, and while nobody listens.</summary>
    public static Activity? StartDeliver(Delivery delivery, Endpoint endpoint)
    {
        if (delivery.Message.TraceParent is not { } trace || !IsOn || !ActivityContext.TryParse(trace, null, isRemote: true, out var publish))
            return null;
        var span = Source.StartActivity("deliver", ActivityKind.Client, publish);
        if (span is not { IsAllDataRequested: true })
            return span;
        span.SetTag("messaging.system", Product).SetTag("messaging.operation.name", "deliver").SetTag("messaging.message.id", delivery.Message.Id.ToString());
        span.SetTag("grapnel.application.id", endpoint.ApplicationId.ToString()).SetTag("grapnel.endpoint.id", endpoint.Id.ToString());
        span.SetTag("grapnel.event_type", delivery.Message.EventType).SetTag("http.request.method", "POST");
        return Uri.TryCreate(endpoint.Url, UriKind.Absolute, out var url) ? span.SetTag("server.address", url.Host).SetTag("server.port", url.Port) : span;
    }

    /// <summary>Ends the span of an attempt.</summary>
    /// <param name="span">The span, or null.</param>
    /// <param name="number">Which attempt of the schedule it was; 0 for one that stands outside of it.</param>
    /// <param name="result">What happened.</param>
    /// <param name="verdict">What that makes of the delivery.</param>
    public static void EndDeliver(Activity? span, int number, in SendResult result, VerdictKind verdict)
    {
        if (span is null)
            return;
        span.SetTag("grapnel.attempt.number", number).SetTag("grapnel.outcome", result.Outcome.ToString()).SetTag("grapnel.verdict", verdict.ToString());
        if (result.StatusCode > 0)
            span.SetTag("http.response.status_code", result.StatusCode);
        if (result.Outcome != SendOutcome.Success)
            span.SetTag("error.type", ErrorType(result)).SetStatus(ActivityStatusCode.Error, result.Error ?? $"The receiver answered {result.StatusCode}.");
        span.Dispose();
    }

    // As the conventions want it: the status where there is one.
    private static string ErrorType(in SendResult result) =>
        result.StatusCode > 0 ? result.StatusCode.ToString(CultureInfo.InvariantCulture) : result.Outcome.ToString();
}
