using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Deploy;

/// <summary>Two nodes, processes on PostgreSQL and Redis, behind nginx, as <c>deploy/compose.yaml</c> has them.</summary>
public sealed class NginxFixture : IAsyncLifetime
{
    internal TestCertificates Certificates { get; } = new();

    internal ClusterRig Cluster { get; private set; } = null!;

    internal NginxServer Nginx { get; private set; } = null!;

    /// <summary>Shows the key, to nginx.</summary>
    internal HttpClient Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Cluster = await ClusterRig.StartAsync(2,
        [
            .. ClusterRig.Quick, .. OwnQueue.Settings(await RedisServer.Shared), ("GRAPNEL_PROXY__TRUSTED_NETWORKS", "127.0.0.0/8"),
            ("GRAPNEL_CONSOLE__ADMIN_NAME", ConsoleServer.Administrator), ("GRAPNEL_CONSOLE__ADMIN_PASSWORD", ConsoleServer.Password),
        ]);
        Nginx = await NginxServer.StartAsync(Certificates, Cluster[0].Client.BaseAddress!, Cluster[1].Client.BaseAddress!);
        Client = Nginx.CreateClient(ServerProcess.Key);
    }

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        if (Nginx is not null)
            await Nginx.DisposeAsync();
        if (Cluster is not null)
            await Cluster.DisposeAsync();
        Certificates.Dispose();
    }
}
