using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Grapnel.Sending;

/// <summary>
/// Opens connections for the HTTP handler: resolves the name once, has every address judged, and connects to exactly the addresses
/// that were judged, so that a name that changes its answer in between (DNS rebinding) gains nothing. Runs once per connection, not
/// per request; the handler keeps the host name for TLS. The operator's proxy is connected to wherever it is.
/// </summary>
internal sealed partial class GuardedConnect(AddressGuard guard, ILogger<GuardedConnect> logger, EgressProxy? proxy = null)
{
    /// <summary>The <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    /// <exception cref="ConnectFailure">The target is refused, or there is no connection to be had.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var target = context.DnsEndPoint;
        var addresses = await ResolveAsync(target.Host, cancellationToken);
        if (proxy?.IsConnectionToProxy(context.InitialRequestMessage) != true)
            foreach (var address in addresses)
                Check(target.Host, address);
        return await ConnectToAnyAsync(addresses, target.Port, cancellationToken);
    }

    private async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        try
        {
            return await guard.ResolveAsync(host, cancellationToken);
        }
        catch (SocketException failure)
        {
            throw new ConnectFailure(SendOutcome.NameNotResolved, "The host name does not resolve.", failure);
        }
        catch (TimeoutException failure)
        {
            throw new ConnectFailure(SendOutcome.NameNotResolved, "The host name did not resolve in time.", failure);
        }
    }

    /// <summary>One denied address spoils the answer: a mixed one is no accident that deserves a second try.</summary>
    private void Check(string host, IPAddress address)
    {
        var verdict = guard.Judge(address);
        if (verdict == AddressVerdict.Allowed)
            return;
        LogRefused(host, verdict);
        throw new ConnectFailure(SendOutcome.Blocked, AddressGuard.Refusal);
    }

    private static async Task<Stream> ConnectToAnyAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        SocketException? last = null;
        foreach (var address in addresses)
        {
            try
            {
                return await ConnectAsync(AddressRanges.Unmap(address), port, cancellationToken);
            }
            catch (SocketException failure)
            {
                last = failure;
            }
        }
        throw new ConnectFailure(SendOutcome.ConnectFailed, Describe(last!.SocketErrorCode), last);
    }

    private static async Task<Stream> ConnectAsync(IPAddress address, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            await socket.ConnectAsync(new IPEndPoint(address, port), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static string Describe(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => "The connection was refused.",
        SocketError.TimedOut => "The receiver did not accept the connection.",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.HostDown => "The receiver is not reachable.",
        SocketError.ConnectionReset => "The connection was reset while it was opened.",
        _ => "The connection could not be opened.",
    };
}
