using Grapnel.Server.Auth;

namespace Grapnel.Server.Telemetry;

/// <summary><c>/metrics</c>, for a key that may read, or from the networks that the operator named.</summary>
internal static class PrometheusEndpoint
{
    /// <summary>Where it is.</summary>
    public const string Path = "/metrics";

    /// <summary>Maps it where it is on.</summary>
    public static void MapGrapnelMetrics(this WebApplication app)
    {
        var options = app.Services.GetRequiredService<TelemetryOptions>();
        if (!options.Prometheus)
            return;
        var access = new RouteAccess(Rights.Read, ForApplications: false) { Changes = false, OpenTo = options.EffectivePrometheusNetworks };
        app.MapPrometheusScrapingEndpoint(Path).WithMetadata(access);
    }
}
