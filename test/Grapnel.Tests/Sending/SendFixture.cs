using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grapnel.Sending;
using Microsoft.Extensions.Logging.Abstractions;

namespace Grapnel.Tests.Sending;

/// <summary>A sender on real sockets that may go to the loopback network, and what it takes to send.</summary>
internal sealed class SendFixture : IDisposable
{
    public static readonly byte[] Key = Encoding.ASCII.GetBytes("0123456789abcdef0123456789abcdef");
    private static readonly HttpMessageInvoker Nobody = new(new SocketsHttpHandler());
    private static readonly IdGenerator Ids = new(TimeProvider.System);

    public SendFixture(
        TimeSpan? timeout = null, TimeSpan? connectTimeout = null, int maxResponseBytes = 16 * 1024, string[]? allow = null,
        ResolveName? resolve = null, X509Certificate2Collection? roots = null, HttpMessageHandler? handler = null, TimeProvider? time = null,
        string? proxy = null, string[]? noProxy = null, OwnPlaces? own = null)
    {
        var options = new DeliveryOptions
        {
            Timeout = timeout ?? TimeSpan.FromSeconds(15),
            ConnectTimeout = connectTimeout ?? TimeSpan.FromSeconds(10),
            MaxResponseBytes = maxResponseBytes,
        };
        var network = new NetworkOptions { AllowNet = [.. (allow ?? ["127.0.0.0/8", "::1/128"]).Select(IPNetwork.Parse)], Proxy = proxy, NoProxy = noProxy ?? [] };
        Guard = new AddressGuard(network, TimeProvider.System, resolve, own);
        var egress = EgressProxy.Of(network, Guard);
        var connect = new GuardedConnect(Guard, NullLogger<GuardedConnect>.Instance, egress);
        var trusted = roots is null ? null : new EndpointCertificates { Authorities = roots };
        Sender = new WebhookSender(
            (certificates, insecure) => handler ?? SendingHandler.Create(connect, options, egress, certificates ?? trusted, insecure), options, time ?? TimeProvider.System);
    }

    public WebhookSender Sender { get; }

    public AddressGuard Guard { get; }

    public Task<SendResult> SendAsync(string url, string body = "{}", CancellationToken cancellationToken = default) =>
        SendAsync(Endpoint(url), Delivery(Encoding.UTF8.GetBytes(body)), cancellationToken);

    /// <summary>No attempt may take longer than this, whatever the receiver does.</summary>
    public Task<SendResult> SendAsync(Endpoint endpoint, Delivery delivery, CancellationToken cancellationToken = default) =>
        Sender.SendAsync(Sender.Prepare(endpoint), delivery, cancellationToken).WaitAsync(TimeSpan.FromSeconds(30), CancellationToken.None);

    /// <summary>An endpoint made ready, for what sends nothing.</summary>
    public static PreparedEndpoint Prepare(Endpoint endpoint) => PreparedEndpoint.From(
        endpoint, TimeSpan.FromSeconds(1), Nobody, (_, _) => new SocketsHttpHandler(), new AccessTokens(Nobody, TimeSpan.FromSeconds(1), TimeProvider.System));

    public static Endpoint Endpoint(string url) => new()
    {
        Id = Ids.Next<Endpoint>(),
        ApplicationId = Ids.Next<Application>(),
        Url = url,
        Secrets = [new EndpointSecret(Key, null)],
        CreatedAt = DateTimeOffset.UnixEpoch,
        UpdatedAt = DateTimeOffset.UnixEpoch,
    };

    public static Delivery Delivery(ReadOnlyMemory<byte>? payload, string contentType = "application/json") => new()
    {
        EndpointId = Ids.Next<Endpoint>(),
        Seq = 1,
        Message = new Message
        {
            Id = Ids.Next<Message>(),
            ApplicationId = Ids.Next<Application>(),
            EventType = "order.created",
            Payload = payload,
            ContentType = contentType,
            AcceptedAt = DateTimeOffset.UnixEpoch,
            RouteVersion = 1,
        },
    };

    public void Dispose() => Sender.Dispose();
}
