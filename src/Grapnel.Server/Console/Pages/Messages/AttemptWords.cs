using System.Globalization;
using Grapnel.Sending;
using Grapnel.Server.Console.Shared;
using Microsoft.AspNetCore.WebUtilities;

namespace Grapnel.Server.Console.Pages.Messages;

/// <summary>What attempts came to, in words.</summary>
internal static class AttemptWords
{
    /// <summary>A status with its name: "503 Service Unavailable".</summary>
    public static string Status(int code) => $"{code} {ReasonPhrases.GetReasonPhrase(code)}".TrimEnd();

    /// <summary>What one attempt came to: "answered 503", "could not be reached".</summary>
    public static string Of(Attempt attempt) => attempt.StatusCode > 0 ? $"answered {attempt.StatusCode}" : Of(attempt.Outcome);

    /// <summary>What attempts came to, the oldest first: "answered 503 twice". Null when there were none.</summary>
    public static string? Of(IReadOnlyList<Attempt> attempts)
    {
        if (attempts is not [.., var last])
            return null;
        var words = Of(last);
        return attempts.All(attempt => Of(attempt) == words)
            ? words + Times(attempts.Count)
            : string.Create(CultureInfo.InvariantCulture, $"{attempts.Count} attempts, the last {words}");
    }

    /// <summary>What the outcome means.</summary>
    public static StateKind KindOf(Attempt attempt) => attempt.Outcome switch
    {
        SendOutcome.Success => StateKind.Good,
        SendOutcome.Abandoned => StateKind.Calm,
        _ => StateKind.Bad,
    };

    private static string Times(int count) => count switch { 1 => "", 2 => " twice", _ => $" {Words.Number(count)} times" };

    private static string Of(SendOutcome outcome) => outcome switch
    {
        SendOutcome.NameNotResolved => "its host name did not resolve",
        SendOutcome.Blocked => "its address may not be called",
        SendOutcome.ConnectFailed => "could not be reached",
        SendOutcome.ConnectTimeout => "took too long to connect",
        SendOutcome.TlsFailed => "failed the TLS handshake",
        SendOutcome.AuthorizationFailed => "got no access token",
        SendOutcome.ConnectionLost => "broke the connection",
        SendOutcome.Timeout => "took too long to answer",
        SendOutcome.ProtocolError => "answered something that is no HTTP",
        SendOutcome.RequestInvalid => "the request could not be made",
        SendOutcome.Abandoned => "this server stopped on the way",
        _ => "failed",
    };
}
