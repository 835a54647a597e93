using System.Text;
using Grapnel.Sending.Signing;

namespace Grapnel.Server.Inboxes;

/// <summary>Explains how a signature is verified, step by step, so that somebody can find out what his own receiver does wrong. Pure.</summary>
internal static class SignatureSteps
{
    private const int PreviewBytes = 160;

    /// <summary>
    /// The steps in the order in which a receiver takes them: headers, timestamp, signed content, one for each secret, and the verdict. Shows no
    /// secret, and of signatures only the ends.
    /// </summary>
    /// <param name="request">What came, and by its id when.</param>
    /// <param name="secrets">The endpoint's secrets, the current one first; empty when there is no endpoint.</param>
    public static IReadOnlyList<SignatureStep> Explain(InboxRequest request, IReadOnlyList<EndpointSecret> secrets)
    {
        var headers = new SignedHeaders(request);
        var content = Content(headers, request);
        List<SignatureStep> before = [Headers(headers), Timestamp(headers, request.Id.Timestamp), content];
        var checks = content.Outcome == StepOutcome.Passed && secrets.Count > 0
            ? SecretSteps.Explain(headers, request.Body, secrets).ToList()
            : [NothingToCheck(hasSecrets: secrets.Count > 0)];
        return [.. before, .. checks, Verdict(before, checks)];
    }

    private static SignatureStep NothingToCheck(bool hasSecrets) => new("Signature", StepOutcome.Skipped, hasSecrets
        ? "There is nothing to compare a signature with."
        : "This inbox has no endpoint, so there is no secret to check with.");

    private static SignatureStep Headers(SignedHeaders headers) => headers.Fault.Length == 0
        ? new("Headers", StepOutcome.Passed, "webhook-id, webhook-timestamp and webhook-signature are there.")
        {
            Detail = $"webhook-id: {Shortened.Text(headers.Id!)}\nwebhook-timestamp: {Shortened.Text(headers.Timestamp!)}\nwebhook-signature: {Shortened.Signatures(headers.Signature!)}",
        }
        : new("Headers", StepOutcome.Failed, headers.Fault);

    private static SignatureStep Timestamp(SignedHeaders headers, DateTimeOffset arrived)
    {
        const string title = "Timestamp";
        if (headers.Timestamp is null)
            return new(title, StepOutcome.Skipped, "There is no timestamp to look at.");
        if (headers.UnixSeconds is not { } seconds)
            return new(title, StepOutcome.Failed, "webhook-timestamp is not a number of whole seconds since 1970.") { Detail = Shortened.Text(headers.Timestamp) };
        var apart = arrived.ToUnixTimeSeconds() - seconds;
        var fits = Math.Abs(apart) <= StandardWebhooksVerifier.DefaultTolerance.TotalSeconds;
        return new(title, fits ? StepOutcome.Passed : StepOutcome.Failed,
            $"It was sent {Math.Abs(apart)} s {(apart < 0 ? "after" : "before")} it arrived, by the two clocks; up to {StandardWebhooksVerifier.DefaultTolerance.TotalSeconds} s are allowed.")
        {
            Detail = $"{seconds} = {DateTimeOffset.FromUnixTimeSeconds(seconds):yyyy-MM-ddTHH:mm:ssZ}",
        };
    }

    private static SignatureStep Content(SignedHeaders headers, InboxRequest request)
    {
        const string title = "Signed content";
        if (headers.Fault.Length > 0 || headers.UnixSeconds is null)
            return new(title, StepOutcome.Skipped, "Without the headers nobody can tell what was signed.");
        if (request.BodyLength > request.Body.Length)
            return new(title, StepOutcome.Skipped,
                $"The body has {request.BodyLength} bytes and was cut off after {request.Body.Length}, so the signature cannot be checked here. Raise Inbox:MaxBodyBytes.");
        return new(title, StepOutcome.Passed,
            $"What is signed is the id, the timestamp and the body, joined by dots: the {request.BodyLength} bytes of the body exactly as they came, before anything parses them.")
        {
            Detail = Preview(headers, request.Body),
        };
    }

    private static string Preview(SignedHeaders headers, byte[] body) =>
        $"{Shortened.Text(headers.Id!)}.{headers.UnixSeconds}.{Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, PreviewBytes)))}{(body.Length > PreviewBytes ? "…" : "")}";

    private static SignatureStep Verdict(List<SignatureStep> before, List<SignatureStep> checks)
    {
        const string title = "Verdict";
        var matched = checks.Exists(step => step.Outcome == StepOutcome.Passed);
        if (before.Concat(checks).Any(step => step.Outcome == StepOutcome.Failed))
            return new(title, StepOutcome.Failed, matched
                ? "The signature is right, but the timestamp is too far off: a receiver refuses it, because anybody could send an old request again."
                : "A receiver must refuse this request.");
        return matched
            ? new(title, StepOutcome.Passed, "The signature is right and fresh: a receiver can trust this request.")
            : new(title, StepOutcome.Skipped, "It could not be checked here.");
    }
}
