using Grapnel.Sending;
using Microsoft.AspNetCore.WebUtilities;

namespace Grapnel.Server.Console.Shared;

/// <summary>What happened to an exchange, as people say it.</summary>
internal static class Outcomes
{
    /// <summary>What a receiver does, in the present tense and without a full stop: "Answers 503 Service Unavailable".</summary>
    public static string Describe(SendOutcome outcome, int status) => outcome switch
    {
        SendOutcome.Success => $"Answers {Status(status)}",
        SendOutcome.Redirect => $"Answers {Status(status)}, and redirects are not followed",
        SendOutcome.Refused or SendOutcome.Throttled or SendOutcome.Gone => $"Answers {Status(status)}",
        SendOutcome.NameNotResolved => "Its host name cannot be resolved",
        SendOutcome.Blocked => "Its address is in a range that this server may not connect to",
        SendOutcome.ConnectFailed => "Refuses connections, or cannot be reached",
        SendOutcome.ConnectTimeout => "Does not accept connections in time",
        SendOutcome.TlsFailed => "No secure connection can be made: TLS fails",
        SendOutcome.AuthorizationFailed => "The authorization server gives no access token",
        SendOutcome.ConnectionLost => "Breaks the connection before it has answered",
        SendOutcome.Timeout => "Does not answer in time",
        SendOutcome.ProtocolError => "Answers with something that is not HTTP",
        SendOutcome.RequestInvalid => "No request can be made from its settings",
        _ => "The last attempt was cut off when a node stopped",
    };

    private static string Status(int status) => ReasonPhrases.GetReasonPhrase(status) is { Length: > 0 } phrase ? $"{status} {phrase}" : $"{status}";
}
