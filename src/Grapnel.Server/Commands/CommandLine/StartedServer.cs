using System.Net.Sockets;
using Grapnel.Server.Hosting;
using Grapnel.Storage;
using Microsoft.AspNetCore.Connections;

namespace Grapnel.Server.Commands;

/// <summary>A running server; disposing it stops it in order. Everything that keeps it from starting is told in a sentence.</summary>
internal sealed class StartedServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private bool _stopped;

    private StartedServer(WebApplication app) => _app = app;

    /// <summary>Where it listens, with the ports really taken.</summary>
    public IReadOnlyCollection<string> Urls => [.. _app.Urls];

    public IServiceProvider Services => _app.Services;

    /// <summary>Builds and starts a server.</summary>
    public static async Task<StartedServer> CreateAsync(HostSetup setup, string portOption, CancellationToken cancel)
    {
        var app = Build(setup with { Services = setup.Services + Quieten });
        try
        {
            await StartAsync(app.StartAsync, portOption, cancel);
            return new StartedServer(app);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts something that takes a port.</summary>
    public static async Task StartAsync(Func<CancellationToken, Task> start, string portOption, CancellationToken cancel)
    {
        try
        {
            await start(cancel);
        }
        catch (Exception failure) when (failure is StoreOpenException or SecretBoxException)
        {
            throw new CommandException(failure.Message, failure);
        }
        catch (IOException failure) when (failure.InnerException is AddressInUseException)
        {
            // Kestrel's message names the address: "Failed to bind to address http://127.0.0.1:8000: address already in use."
            throw new CommandException($"{failure.Message} Choose another with {portOption}.", failure);
        }
        catch (SocketException failure)
        {
            throw new CommandException($"Cannot listen there: {failure.Message}. Choose another address with {portOption}.", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(failure.Message, failure);
        }
    }

    /// <summary>Runs until cancelled, then stops.</summary>
    public async Task WaitAsync(CancellationToken cancel)
    {
        await _app.WaitForShutdownAsync(cancel);
        _stopped = true;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopped)
            await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static WebApplication Build(HostSetup setup)
    {
        try
        {
            return GrapnelHost.Build(setup);
        }
        catch (Exception failure) when (failure is SettingsException or StoreOpenException or FormatException)
        {
            throw new CommandException(failure.Message, failure);
        }
    }

    // The banner tells where the server listens, Ctrl+C belongs to the command, and a failed start is told in a sentence: the host would
    // log it too, with its stack trace.
    private static void Quieten(IServiceCollection services) =>
        services.AddSingleton<IHostLifetime, NoLifetime>().AddLogging(logging => logging
            .AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning)
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None));
}
