using System.Net;
using System.Net.NetworkInformation;

namespace Grapnel.Sending;

/// <summary>
/// Where this installation listens and keeps things: its own addresses, its database, its queue. No webhook goes there, also where the operator opened the network
/// that they are in.
/// </summary>
internal sealed class OwnPlaces
{
    private volatile (string Host, int Port)[] _places = [];

    /// <summary>Adds a place.</summary>
    /// <param name="host">A name, an address, or one of the addresses that stand for all of this machine: <c>0.0.0.0</c>, <c>[::]</c>.</param>
    /// <param name="port">Its port.</param>
    public void Add(string host, int port) => _places = [.. _places, (host.Trim('[', ']'), port)];

    /// <summary>Whether an address and port are one of the places.</summary>
    public async ValueTask<bool> IncludeAsync(IPAddress address, int port, ResolveName resolve, CancellationToken cancellationToken)
    {
        foreach (var place in _places)
            if (place.Port == port && await IsAtAsync(place.Host, AddressRanges.Unmap(address), resolve, cancellationToken))
                return true;
        return false;
    }

    private static async ValueTask<bool> IsAtAsync(string host, IPAddress address, ResolveName resolve, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out var literal))
            return literal.Equals(IPAddress.Any) || literal.Equals(IPAddress.IPv6Any) ? IsOfThisMachine(address) : AddressRanges.Unmap(literal).Equals(address);
        try
        {
            return (await resolve(host, cancellationToken)).Any(one => AddressRanges.Unmap(one).Equals(address));
        }
        catch (System.Net.Sockets.SocketException)
        {
            // What has no address now is not what is about to be connected to.
            return false;
        }
    }

    private static bool IsOfThisMachine(IPAddress address) => IPAddress.IsLoopback(address) || NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(card => card.GetIPProperties().UnicastAddresses).Any(own => AddressRanges.Unmap(own.Address).Equals(address));
}
