using Grapnel.Alerting;
using Grapnel.Server.Api;
using Grapnel.Server.Auth;
using Grapnel.Server.Console;
using Grapnel.Server.Mail;
using Grapnel.Server.Secrets;
using Grapnel.Server.Telemetry;
using Grapnel.Storage;
using Grapnel.Storage.Redis;
using Microsoft.Net.Http.Headers;

namespace Grapnel.Server.Hosting;

/// <summary>Puts a server together, and opens its store; it serves and delivers once it is started. Disposing it closes the store.</summary>
internal static class GrapnelHost
{
    private static readonly TimeSpan ShutdownSlack = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PreflightAge = TimeSpan.FromMinutes(10);

    private static readonly Dictionary<string, string?> Defaults = new()
    {
        ["Logging:LogLevel:Default"] = "Information",
        ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
        // It has nothing to say above Information, but while it may speak at all, every request gets an activity and a scope to say it in.
        ["Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics"] = "None",
        ["Logging:LogLevel:Microsoft.EntityFrameworkCore"] = "Warning",
        // That the keys themselves are kept unencrypted unless there is a certificate is known, and in docs/security.md.
        ["Logging:LogLevel:Microsoft.AspNetCore.DataProtection"] = "Error",
        // A key that cannot be read is tried a dozen times, and told with its stack each time; what to do about it is said once, by SecretBoxException.
        ["Logging:LogLevel:Microsoft.AspNetCore.DataProtection.KeyManagement.XmlKeyManager"] = "None",
    };

    /// <exception cref="SettingsException">The configuration has faults; tells all of them.</exception>
    public static WebApplication Build(HostSetup setup)
    {
        // Without this, the working folder and all below it are watched for changes of a settings file, the store's own writes included.
        var builder = WebApplication.CreateSlimBuilder(["--hostBuilder:reloadConfigOnChange=false"]);
        ConfigureSettings(builder.Configuration, setup);
        var settings = new SettingsReader(builder.Configuration);
        var (server, secrets, telemetry) = builder.Services.AddGrapnelOptions(settings);
        settings.ThrowIfAnyFault();
        builder.Services.AddSingleton(new SettingSources(builder.Configuration));

        ConfigureLogging(builder.Logging);
        builder.AddGrapnelTelemetry(telemetry, setup.Environment);
        ConfigureKestrel(builder);
        AddServices(builder.Services, server, secrets, setup);
        var app = builder.Build();
        UsePipeline(app);
        return app;
    }

    /// <summary>
    /// Later sources win: defaults of the platform's settings, file, environment, command line, and what the caller insists on.
    /// <see cref="SettingSources"/> names them in this order.
    /// </summary>
    public static void ConfigureSettings(ConfigurationManager configuration, HostSetup setup)
    {
        configuration.Sources.Clear();
        configuration
            .AddInMemoryCollection(Defaults)
            .AddJsonFile(setup.SettingsFile, optional: true)
            .AddInMemoryCollection(GrapnelEnvironment.Read(setup.Environment))
            .AddCommandLine(setup.Arguments)
            .AddInMemoryCollection(setup.Settings);
    }

    private static void ConfigureLogging(ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
        });
    }

    private static void ConfigureKestrel(WebApplicationBuilder builder)
    {
        builder.WebHost.UseKestrelHttpsConfiguration();
        // A buffer per idle connection is cheaper than an extra system call per request.
        builder.WebHost.UseSockets(sockets => sockets.WaitForDataBeforeAllocatingBuffer = false);
        builder.WebHost.ConfigureKestrel((_, kestrel) =>
        {
            var publishing = kestrel.ApplicationServices.GetRequiredService<PublishingOptions>();
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = BodyLimits.Message(publishing.MaxPayloadBytes);
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        });
    }

    private static void AddServices(IServiceCollection services, ServerOptions server, SecretsOptions secrets, HostSetup setup)
    {
        services.AddOptions<HostOptions>().Configure<DeliveryOptions>((host, delivery) => host.ShutdownTimeout = delivery.ShutdownGrace + ShutdownSlack);
        services.AddSingleton(setup.Announce);
        // Hosted services start one after the other, in this order: these two before the engine sends anything.
        services.AddSingleton<SettingsInForce>().AddSingleton<ServerFacts>().AddSingleton<FirstApiKey>().AddHostedService<Preparation>().AddHostedService<OwnAddresses>();
        _ = server.Store == StoreKind.Postgres ? services.AddGrapnelPostgres() : services.AddGrapnelSqlite();
        if (server.Queue == QueueKind.Redis)
            services.AddGrapnelRedisQueue();
        services.AddGrapnelSecrets(secrets, server.Store);
        services.AddSingleton<IAlertMail, SmtpAlertMail>();
        services.AddGrapnelEngine();
        services.AddGrapnelApi();
        services.AddGrapnelConsole();
        services.AddCors();
        setup.Services?.Invoke(services);
    }

    private static void UsePipeline(WebApplication app)
    {
        app.Urls.Clear();
        foreach (var url in app.Services.GetRequiredService<ServerOptions>().Urls.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            app.Urls.Add(url);
        app.UseForwardedRequests();
        app.UseMiddleware<ErrorHandling>();
        app.UseMiddleware<OneSlash>();
        app.UseRouting();
        // A page of anybody may call the API if it has a key to show; there is no cookie that a browser would add by itself.
        // Others do not pass through here: the middleware would make a scope of services for each of their requests.
        app.UseWhen(http => http.Request.Headers.Origin.Count > 0, pages => pages.UseCors(
            cors => cors.AllowAnyOrigin().AllowAnyMethod().AllowAnyHeader().WithExposedHeaders(HeaderNames.RetryAfter).SetPreflightMaxAge(PreflightAge)));
        app.UseMiddleware<ApiKeyGate>();
        app.UseMiddleware<IdempotentPosts>();
        app.UseGrapnelConsole();
        app.MapGrapnelApi();
        app.MapGrapnelMetrics();
        app.MapGrapnelConsole();
    }
}
