using System.Net;
using System.Net.Sockets;

namespace Grapnel.Testing;

/// <summary>Ports for programs that cannot choose one themselves.</summary>
public static class Ports
{
    // Below those that the system gives to connections: any of them could take a port in the moment before the program that it is meant for does.
    private const int First = 20_000;
    private const int Count = 12_000;

    // Tests of several projects run at once.
    private static int _next = Environment.ProcessId * 1_009;

    /// <summary>A port of the loopback address that nobody listens on just now, and that this process has not been told before.</summary>
    public static int Free()
    {
        while (true)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref _next) % Count);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
            }
        }
    }
}
