using System.Net;
using Grapnel.Sending;
using Grapnel.Server.Inboxes;
using Grapnel.Storage.Postgres;
using Grapnel.Storage.Redis;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Npgsql;
using ConfigurationOptions = StackExchange.Redis.ConfigurationOptions;

namespace Grapnel.Server.Hosting;

/// <summary>Tells the engine where the server itself, its database and its queue are, so that no webhook goes there. Test inboxes are at the server's own address.</summary>
internal sealed class OwnAddresses(
    OwnPlaces places, ServerOptions options, PostgresStoreOptions postgres, RedisQueueOptions redis, NetworkOptions network, InboxOptions inboxes, IServer server,
    IHostApplicationLifetime lifetime) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Store == StoreKind.Postgres)
            AddPostgres();
        if (options.Queue == QueueKind.Redis)
            AddRedis();
        if (EgressProxy.TryParse(network.Proxy, out var proxy))
            places.Add(proxy!.IdnHost, proxy.Port);
        if (!inboxes.Enabled)
            lifetime.ApplicationStarted.Register(AddOwn);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // Only then is it known which port a server got that asked for any.
    private void AddOwn()
    {
        foreach (var address in server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [])
            if (Uri.TryCreate(address, UriKind.Absolute, out var url))
                places.Add(url.Host, url.Port);
    }

    // Several hosts stand with commas between them, each with a port of its own or none.
    private void AddPostgres()
    {
        var settings = new NpgsqlConnectionStringBuilder(postgres.ConnectionString);
        foreach (var host in (settings.Host ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(host => host[0] != '/'))
        {
            var parts = host.Split(':');
            places.Add(parts[0], parts.Length == 2 && int.TryParse(parts[1], out var port) ? port : settings.Port);
        }
    }

    private void AddRedis()
    {
        foreach (var endpoint in ConfigurationOptions.Parse(redis.ConnectionString).EndPoints)
            if (endpoint is DnsEndPoint name)
                places.Add(name.Host, name.Port == 0 ? RedisPort : name.Port);
            else if (endpoint is IPEndPoint address)
                places.Add(address.Address.ToString(), address.Port == 0 ? RedisPort : address.Port);
    }

    private const int RedisPort = 6379;
}
