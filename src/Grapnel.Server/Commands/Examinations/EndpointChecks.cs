using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grapnel.Sending;
using Grapnel.Server.Hosting;
using Grapnel.Storage;
using Grapnel.Storage.Examining;
using Microsoft.Extensions.Logging.Abstractions;

namespace Grapnel.Server.Commands.Examinations;

/// <summary>Whether webhooks sent from this machine, by the rules of these settings, would reach a URL: one step after the other, up to the first that fails.</summary>
internal sealed class EndpointChecks(Examined examined, TimeProvider time)
{
    private const string Area = "endpoint";
    private static readonly TimeSpan ExpiresSoon = TimeSpan.FromDays(14);

    private readonly AddressGuard _guard = new(examined.Network, time);

    /// <param name="target">A URL, or the id of an endpoint in the store.</param>
    /// <param name="secret">Signs a test; null sends none.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<IReadOnlyList<Finding>> RunAsync(string target, EndpointSecret? secret, CancellationToken cancel)
    {
        if (!Id<Endpoint>.TryParse(target, out var id))
            return await RunAsync(new StoredReceiver(target, null, ShowsCertificate: false), secret, cancel);
        return await FindAsync(id, cancel) is { } found
            ? await RunAsync(found, secret, cancel)
            : [Finding.Fault(Area, $"There is no endpoint {id} in the store.", "The console and GET /api/v1/app/{app}/endpoint show the ids.")];
    }

    private async Task<StoredReceiver?> FindAsync(Id<Endpoint> id, CancellationToken cancel)
    {
        try
        {
            return examined.Server.Store == StoreKind.Sqlite
                ? await Task.Run(() => SqliteExamination.FindReceiver(examined.Sqlite.Data, id), cancel)
                : await PostgresExamination.FindReceiverAsync(examined.Postgres, id, cancel);
        }
        catch (StoreOpenException)
        {
            // Told among what was found about the store.
            return null;
        }
    }

    private async Task<IReadOnlyList<Finding>> RunAsync(StoredReceiver receiver, EndpointSecret? secret, CancellationToken cancel)
    {
        if (!EndpointUrl.TryParse(receiver.Url, out var uri, out var error))
            return [Finding.Fault(Area, error, "Correct the URL.")];
        var found = new List<Finding>();
        if (receiver.ShowsCertificate)
            found.Add(Finding.Fine(Area, "The endpoint's own certificate is not shown here, for its key is sealed: a receiver that insists on it refuses what follows."));
        if (await ReachAsync(uri, receiver, found, cancel) && secret is not null)
            found.Add(await SendAsync(receiver, secret, cancel));
        return found;
    }

    private async Task<bool> ReachAsync(Uri uri, StoredReceiver receiver, List<Finding> found, CancellationToken cancel)
    {
        if (examined.Network.HttpsOnly && uri.Scheme != Uri.UriSchemeHttps)
            return Fail(found, "It is no https URL, and this server sends to no other.", "Use https, or Network:HttpsOnly=false.");
        if (EgressProxy.Of(examined.Network, _guard) is { } proxy && !proxy.IsBypassed(uri))
        {
            found.Add(Finding.Fine(Area, $"Requests to {uri.IdnHost} go through the proxy {proxy.GetProxy(uri).Authority}, which resolves the name and connects. Whether it gets there only a signed test shows: --test-secret."));
            return true;
        }
        IPAddress[] addresses;
        try
        {
            addresses = await _guard.ResolveAsync(uri.IdnHost, cancel);
        }
        catch (Exception failure) when (failure is SocketException or TimeoutException)
        {
            return Fail(found, $"The name {uri.IdnHost} does not resolve: {failure.Message}", "Correct the URL, or the DNS of this machine.");
        }
        if (addresses.FirstOrDefault(address => _guard.Judge(address) != AddressVerdict.Allowed) is { } refused)
            return Fail(found, $"{uri.IdnHost} is {refused}, where webhooks may not be sent to ({_guard.Judge(refused)}).",
                "If it is yours and meant, open its network: Network:AllowNet, or --allow-net.");
        found.Add(Finding.Fine(Area, $"{uri.IdnHost} is {string.Join(", ", addresses.Select(address => $"{address}"))}, and may be sent to."));
        return await ConnectAsync(uri, receiver, addresses, found, cancel);
    }

    private async Task<bool> ConnectAsync(Uri uri, StoredReceiver receiver, IPAddress[] addresses, List<Finding> found, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(examined.Delivery.ConnectTimeout);
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            var start = time.GetTimestamp();
            await socket.ConnectAsync(addresses, uri.Port, limit.Token);
            found.Add(Finding.Fine(Area, $"{socket.RemoteEndPoint} takes the connection, in {time.GetElapsedTime(start).TotalMilliseconds:0} ms."));
            return uri.Scheme != Uri.UriSchemeHttps || await CheckTlsAsync(uri, receiver, new NetworkStream(socket), found, limit.Token);
        }
        catch (SocketException failure)
        {
            return Fail(found, $"{uri.Authority} takes no connection: {failure.Message}", "Check that the receiver runs, and every firewall in between.");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return Fail(found, $"{uri.Authority} did not take the connection in time.", "Check that the receiver runs, and every firewall in between.");
        }
    }

    private async Task<bool> CheckTlsAsync(Uri uri, StoredReceiver receiver, NetworkStream stream, List<Finding> found, CancellationToken cancel)
    {
        EndpointCertificates? certificates = null;
        if (receiver.Tls is { } own && !EndpointCertificates.TryRead(own, out certificates, out var unfit))
            return Fail(found, $"{unfit.Field} {unfit.Message}.", "Correct the endpoint.");
        var insecure = receiver.Tls?.Insecure == true;
        var options = SendingHandler.TlsOf(certificates, insecure);
        options.TargetHost = uri.IdnHost;
        var validate = options.RemoteCertificateValidationCallback!;
        X509Certificate2? shown = null;
        options.RemoteCertificateValidationCallback = (sender, certificate, chain, errors) =>
        {
            shown = certificate is null ? null : X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
            return validate(sender, certificate, chain, errors);
        };
        try
        {
            using var tls = new SslStream(stream);
            await tls.AuthenticateAsClientAsync(options, cancel);
            found.Add(insecure ? Finding.Fine(Area, "TLS works; the endpoint takes any certificate.") : JudgeCertificate(shown!, time.GetUtcNow()));
            return true;
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException)
        {
            var certificate = shown is null ? "" : $" It shows {Describe(shown)}.";
            return Fail(found, $"{failure.Message}{certificate}", "Have the receiver's certificate put right; if its authority is your own, make this machine trust it, or the endpoint: tls.authorities.");
        }
        finally
        {
            shown?.Dispose();
        }
    }

    public static Finding JudgeCertificate(X509Certificate2 certificate, DateTimeOffset now) => certificate.NotAfter - now.UtcDateTime.ToLocalTime() < ExpiresSoon
        ? Finding.Warning(Area, $"The certificate expires soon: {Describe(certificate)}.", "Have the receiver's owner renew it.")
        : Finding.Fine(Area, $"TLS works: {Describe(certificate)}.");

    private static string Describe(X509Certificate2 certificate) =>
        $"a certificate for {certificate.GetNameInfo(X509NameType.DnsName, forIssuer: false)}, valid to {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}";

    private async Task<Finding> SendAsync(StoredReceiver receiver, EndpointSecret secret, CancellationToken cancel)
    {
        var ids = new IdGenerator(time);
        var application = ids.Next<Application>();
        var message = new Message
        {
            Id = ids.Next<Message>(), ApplicationId = application, EventType = "grapnel.doctor", AcceptedAt = time.GetUtcNow(), RouteVersion = 0,
            Payload = Encoding.UTF8.GetBytes("""{"type":"grapnel.doctor","data":{"text":"A test. Nothing happened."}}"""),
        };
        var endpoint = new Endpoint
        {
            Id = ids.Next<Endpoint>(), ApplicationId = application, Url = receiver.Url, Tls = receiver.Tls, Secrets = [secret], CreatedAt = time.GetUtcNow(), UpdatedAt = time.GetUtcNow(),
        };
        using var sender = SendingServices.CreateSender(_guard, examined.Network, examined.Delivery, NullLogger<GuardedConnect>.Instance, time);
        var result = await sender.SendAsync(sender.Prepare(endpoint), new Delivery { EndpointId = endpoint.Id, Seq = 1, Message = message }, cancel);
        var answer = result.StatusCode > 0 ? $"was answered {result.StatusCode}" : $"failed: {result.Error}";
        return result.Outcome == SendOutcome.Success
            ? Finding.Fine(Area, $"A signed test {answer}.")
            : Finding.Fault(Area, $"A signed test {answer}", result.StatusCode is 400 or 401 or 403
                ? "The receiver does not accept the signature: compare its secret with the endpoint's." : "Look into the receiver's log.");
    }

    private static bool Fail(List<Finding> found, string text, string remedy)
    {
        found.Add(Finding.Fault(Area, text, remedy));
        return false;
    }
}
