using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Text;

namespace Grapnel.Sending;

/// <summary>The HTTP handler for requests to strangers: everything off that helps a browser and harms a sender.</summary>
internal static class SendingHandler
{
    /// <summary>
    /// Makes a handler. One serves all endpoints without certificates of their own: they share no state but open connections to the same host.
    /// </summary>
    /// <param name="connect">Opens connections to allowed addresses only.</param>
    /// <param name="options">For the connect limit.</param>
    /// <param name="proxy">The operator's proxy, or null.</param>
    /// <param name="certificates">What to show, and whom to trust; null for nothing and for those that the system trusts.</param>
    /// <param name="insecure">Whether any certificate of a receiver will do.</param>
    public static SocketsHttpHandler Create(
        GuardedConnect connect, DeliveryOptions options, EgressProxy? proxy = null, EndpointCertificates? certificates = null, bool insecure = false) => new()
    {
        ConnectCallback = connect.ConnectAsync,
        ConnectTimeout = options.ConnectTimeout,
        // The guard judges an address when a connection is opened; a shorter life bounds how long a judgement counts.
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        // Many receivers (Node.js, Apache) close an idle connection after 5 s, and a request that crosses the close is lost: close first.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(4),
        EnableMultipleHttp2Connections = true,
        // An exchange that times out closes its HTTP/1.1 connection, but not its HTTP/2 one; pings find out whether that still lives.
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        KeepAlivePingDelay = TimeSpan.FromSeconds(10),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(5),

        // Only the operator's own: one that the environment names would resolve names past the guard, without anybody having decided so.
        UseProxy = proxy is not null,
        Proxy = proxy,
        // A redirect is a failure. Cookies would be shared by tenants.
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,

        // In KiB. The rest of an answer that has arrived already is skipped, which saves the connection; nothing more is waited for.
        MaxResponseHeadersLength = 64,
        MaxResponseDrainSize = 16 * 1024,
        ResponseDrainTimeout = TimeSpan.Zero,

        RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        SslOptions = TlsOf(certificates, insecure),
    };

    /// <summary>How a receiver is met by TLS.</summary>
    /// <param name="certificates">What to show, and whom to trust; null for nothing and for those that the system trusts.</param>
    /// <param name="insecure">Whether any certificate of a receiver will do.</param>
    public static SslClientAuthenticationOptions TlsOf(EndpointCertificates? certificates, bool insecure) => new()
    {
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        RemoteCertificateValidationCallback = insecure ? static (_, _, _, _) => true : CertificateCheck.Validate,
        CertificateChainPolicy = CertificateCheck.Policy(certificates?.Authorities),
        ClientCertificateContext = certificates?.Client,
    };
}
