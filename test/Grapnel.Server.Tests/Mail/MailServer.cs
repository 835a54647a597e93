using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Grapnel.Testing;
using MimeKit;
using SmtpServer.Authentication;
using SmtpServer.Protocol;
using SmtpServer.Storage;
using SmtpServer;

namespace Grapnel.Server.Tests.Mail;

/// <summary>A real SMTP server on a free port of the loopback address.</summary>
internal sealed class MailServer : IAsyncDisposable
{
    public const string User = "grapnel";
    public const string Password = "a-password-that-nobody-may-read";

    private readonly CancellationTokenSource _stopping = new();
    private readonly Shelf _shelf = new();
    private readonly Task _running;

    /// <summary>Starts it.</summary>
    /// <param name="certificate">With it, it offers STARTTLS, and wants somebody to sign in; without it, neither.</param>
    /// <param name="secure">Whether it speaks TLS from the first byte instead.</param>
    public MailServer(X509Certificate2? certificate = null, bool secure = false)
    {
        Port = Ports.Free();
        var options = new SmtpServerOptionsBuilder().ServerName("mail.test").Endpoint(endpoint =>
        {
            endpoint.Endpoint(new IPEndPoint(IPAddress.Loopback, Port)).IsSecure(secure);
            if (certificate is not null)
                endpoint.Certificate(certificate).AuthenticationRequired();
        }).Build();
        var services = new SmtpServer.ComponentModel.ServiceProvider();
        services.Add((IMessageStore)_shelf);
        services.Add((IUserAuthenticator)new DelegatingUserAuthenticator((user, password) => user == User && password == Password));
        _running = new SmtpServer.SmtpServer(options, services).StartAsync(_stopping.Token);
    }

    public int Port { get; }

    /// <summary>The mails that came.</summary>
    public IReadOnlyList<MimeMessage> Mails => [.. _shelf.Mails];

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private sealed class Shelf : MessageStore
    {
        public ConcurrentQueue<MimeMessage> Mails { get; } = new();

        public override async Task<SmtpResponse> SaveAsync(
            ISessionContext context, IMessageTransaction transaction, ReadOnlySequence<byte> buffer, CancellationToken cancellationToken)
        {
            Mails.Enqueue(await MimeMessage.LoadAsync(new MemoryStream(buffer.ToArray()), cancellationToken));
            return SmtpResponse.Ok;
        }
    }
}
