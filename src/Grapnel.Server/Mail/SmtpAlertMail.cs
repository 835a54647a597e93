using System.Net.Security;
using Grapnel.Alerting;
using Grapnel.Server.Api;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Grapnel.Server.Mail;

/// <summary>Mails alerts over SMTP, one connection for each mail: they are rare.</summary>
internal sealed class SmtpAlertMail(MailOptions options, AlertOptions alerts, ApiOptions api, TimeProvider time) : IAlertMail
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Judges the certificate of the server; null for the system.</summary>
    internal RemoteCertificateValidationCallback? Trust { get; init; }

    public bool IsOn => options.Host is { Length: > 0 };

    public async Task SendAsync(IReadOnlyList<Alert> about, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await SendAsync(Compose(about), either.Token);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw new MailException($"{options.Host}:{options.Port} {Describe(failure)}");
        }
    }

    private async Task SendAsync(MimeMessage message, CancellationToken cancellationToken)
    {
        // A list of revoked certificates that cannot be reached should not keep an alert back.
        using var client = new SmtpClient { CheckCertificateRevocation = false, ServerCertificateValidationCallback = Trust };
        await client.ConnectAsync(options.Host!, options.Port, Encryption, cancellationToken);
        if (options.UserName is { Length: > 0 } user)
            await client.AuthenticateAsync(user, options.Password ?? "", cancellationToken);
        await client.SendAsync(message, cancellationToken);
        // The mail is on its way: a server that does not answer to a good-bye changes nothing.
        await client.DisconnectAsync(quit: false, CancellationToken.None);
    }

    private SecureSocketOptions Encryption => options.Tls switch
    {
        MailTls.StartTls => SecureSocketOptions.StartTls,
        MailTls.Implicit => SecureSocketOptions.SslOnConnect,
        _ => SecureSocketOptions.None,
    };

    private MimeMessage Compose(IReadOnlyList<Alert> about)
    {
        var message = new MimeMessage { Subject = AlertText.Subject(about), Date = time.GetUtcNow() };
        message.From.Add(MailboxAddress.Parse(options.From!));
        message.To.AddRange(options.To.Select(MailboxAddress.Parse));
        // So that out-of-office replies and the like stay away (RFC 3834).
        message.Headers.Add("Auto-Submitted", "auto-generated");
        message.Body = new TextPart("plain") { Text = AlertText.Body(about, api.PublicUrl, alerts.RepeatAfter) };
        return message;
    }

    // The texts of servers are not told: some repeat what was said to them.
    private static string Describe(Exception failure) => failure switch
    {
        AuthenticationException => "did not accept Mail:UserName and Mail:Password.",
        ServiceNotAuthenticatedException => "wants somebody to sign in: set Mail:UserName and Mail:Password.",
        SslHandshakeException => "showed a certificate that is not trusted, or speaks no TLS.",
        NotSupportedException => "offers no STARTTLS; see Mail:Tls.",
        OperationCanceledException => "did not answer in time.",
        SmtpCommandException command => $"refused the mail with status {(int)command.StatusCode}.",
        System.Net.Sockets.SocketException or IOException => "cannot be reached.",
        _ => $"failed: {failure.GetType().Name}.",
    };
}

/// <summary>A mail could not be sent; says why, and no secret.</summary>
internal sealed class MailException(string message) : Exception(message);
