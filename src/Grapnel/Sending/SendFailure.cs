using System.Net.Sockets;
using System.Security.Authentication;

namespace Grapnel.Sending;

/// <summary>Turns what the network throws into an outcome and a sentence for people; the one place where exceptions are judged.</summary>
internal static class SendFailure
{
    /// <summary>Judges an exception that was not caused by a cancellation of ours.</summary>
    public static (SendOutcome Outcome, string Error) Judge(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case ConnectFailure failure:
                    return (failure.Outcome, failure.Message);
                case CertificateRejected rejected:
                    return (SendOutcome.TlsFailed, rejected.Message);
                case TimeoutException when exception is OperationCanceledException:
                    return (SendOutcome.ConnectTimeout, "No connection was made within the connect limit.");
            }
        }
        return exception switch
        {
            HttpRequestException http => Judge(http),
            IOException or SocketException => Lost,
            OperationCanceledException or ObjectDisposedException => (SendOutcome.Abandoned, "The sender was stopped."),
            _ => (SendOutcome.RequestInvalid, $"The request could not be built ({exception.GetType().Name})."),
        };
    }

    private static (SendOutcome, string) Judge(HttpRequestException exception) => exception.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => (SendOutcome.NameNotResolved, "The host name does not resolve."),
        HttpRequestError.ConnectionError => (SendOutcome.ConnectFailed, "The connection could not be opened."),
        HttpRequestError.SecureConnectionError => (SendOutcome.TlsFailed, DescribeHandshake(exception.InnerException)),
        HttpRequestError.ProxyTunnelError => (SendOutcome.ConnectFailed, "The proxy did not make the connection."),
        HttpRequestError.ConfigurationLimitExceeded => (SendOutcome.ProtocolError, "The headers of the answer are larger than 64 KiB."),
        HttpRequestError.HttpProtocolError when IsStreamReset(exception.InnerException) => Lost,
        HttpRequestError.HttpProtocolError or HttpRequestError.InvalidResponse or HttpRequestError.VersionNegotiationError
            or HttpRequestError.ExtendedConnectNotSupported => (SendOutcome.ProtocolError, "The answer was not valid HTTP."),
        HttpRequestError.ResponseEnded => Lost,
        _ when HasNetworkCause(exception) => Lost,
        _ => (SendOutcome.RequestInvalid, "The request could not be built."),
    };

    private static (SendOutcome, string) Lost => (SendOutcome.ConnectionLost, "The connection broke before an answer arrived.");

    private static string DescribeHandshake(Exception? cause) => cause is AuthenticationException
        ? "The TLS handshake failed: no version, cipher or certificate that both sides accept."
        : "The connection broke during the TLS handshake.";

    /// <summary>
    /// An HTTP/2 receiver that gives up one request: NO_ERROR, INTERNAL_ERROR, REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM (RFC 9113, 7).
    /// </summary>
    private static bool IsStreamReset(Exception? cause) => cause is HttpProtocolException { ErrorCode: 0x0 or 0x2 or 0x7 or 0x8 or 0xb };

    private static bool HasNetworkCause(Exception exception)
    {
        for (var cause = exception.InnerException; cause is not null; cause = cause.InnerException)
            if (cause is IOException or SocketException)
                return true;
        return false;
    }
}
