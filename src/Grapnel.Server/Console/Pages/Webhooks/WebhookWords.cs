using Grapnel.Dispatching;
using Grapnel.Sending;
using Grapnel.Server.Console.Shared;
using Grapnel.Storage;

namespace Grapnel.Server.Console.Pages.Webhooks;

/// <summary>Endpoints and what became of their attempts, in the words of the pages about them.</summary>
internal static class WebhookWords
{
    private const int LongestName = 80;

    /// <summary>What people call it: its description, or its URL.</summary>
    public static string NameOf(Endpoint endpoint)
    {
        var line = endpoint.Description.Split('\n', 2)[0].Trim();
        return line.Length switch
        {
            0 => Words.Shorten(endpoint.Url, LongestName),
            > LongestName => line[..(LongestName - 1)] + "…",
            _ => line,
        };
    }

    /// <summary>What to type before much is lost: its name, or its id where that was shortened.</summary>
    public static string WordOf(Endpoint endpoint) => NameOf(endpoint) is var name && name.Contains('…') ? endpoint.Id.ToString() : name;

    /// <summary>A format, as a choice.</summary>
    public static string Of(RequestFormat format) => format switch
    {
        RequestFormat.Github => "GitHub's webhooks, JSON",
        RequestFormat.GithubForm => "GitHub's webhooks, form",
        RequestFormat.CloudEvents => "CloudEvents, binary mode",
        RequestFormat.CloudEventsStructured => "CloudEvents, structured mode",
        _ => "Standard Webhooks",
    };

    /// <summary>How connections are secured.</summary>
    public static string Of(EndpointTls tls) => string.Join("; ", new[]
    {
        tls.ClientCertificate is null ? null : "shows a client certificate",
        tls.Authorities is null ? null : "trusts authorities of its own",
        tls.Insecure ? "takes any certificate of the receiver" : null,
    }.OfType<string>()) is { Length: > 0 } text ? char.ToUpperInvariant(text[0]) + text[1..] : "As any";

    /// <summary>What an attempt came to, in a word or two: "200", "Timeout".</summary>
    public static string AnswerOf(Attempt attempt) => attempt.StatusCode > 0 ? $"{attempt.StatusCode}" : attempt.Outcome switch
    {
        SendOutcome.NameNotResolved => "Name not found",
        SendOutcome.Blocked => "Address refused",
        SendOutcome.ConnectFailed => "No connection",
        SendOutcome.ConnectTimeout or SendOutcome.Timeout => "Timeout",
        SendOutcome.TlsFailed => "TLS failed",
        SendOutcome.AuthorizationFailed => "No access token",
        SendOutcome.ConnectionLost => "Connection lost",
        SendOutcome.Abandoned => "Interrupted",
        _ => "No answer",
    };

    /// <summary>The same as the end of a sentence: "answered 503", "got no connection".</summary>
    public static string EndOf(Attempt attempt) => attempt.StatusCode > 0
        ? $"was answered with {attempt.StatusCode}"
        : $"came to no answer ({AnswerOf(attempt).ToLowerInvariant()})";

    /// <summary>Good or bad.</summary>
    public static StateKind KindOf(Attempt attempt) => attempt.Outcome switch
    {
        SendOutcome.Success => StateKind.Good,
        SendOutcome.Abandoned => StateKind.Neutral,
        _ => StateKind.Bad,
    };

    /// <summary>A count that may have been cut short: "37", "1,000+".</summary>
    public static string Counted(CappedCount count) => Words.Number(count.Count) + (count.IsMore ? "+" : "");

    /// <summary>Where a test event stands.</summary>
    public static (StateKind Kind, string Word) StateOf(WhyState state) => state switch
    {
        WhyState.Pending => (StateKind.Waiting, "On its way"),
        WhyState.Delivered => (StateKind.Good, "Delivered"),
        WhyState.Exhausted => (StateKind.Bad, "Failed"),
        WhyState.Cancelled => (StateKind.Calm, "Cancelled"),
        _ => (StateKind.Calm, "Not sent"),
    };
}
