using System.Collections;
using System.Reflection;
using Grapnel.Server.Api;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Grapnel.Server.Telemetry;

/// <summary>
/// Adds the SDK of OpenTelemetry and its exporters, those that are asked for and no other: what nobody listens to costs nothing, so nothing listens
/// to a source or meter for which there is no exporter.
/// </summary>
internal static class TelemetryServices
{
    private const string ServiceName = "grapnel";
    private static readonly string[] Meters = [GrapnelMetrics.MeterName, "System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Npgsql"];

    /// <summary>Adds what the options and the variables of OpenTelemetry ask for.</summary>
    public static void AddGrapnelTelemetry(this WebApplicationBuilder builder, TelemetryOptions options, IDictionary environment)
    {
        var variables = OtlpTarget.Variables(environment);
        var target = new OtlpTarget(options, variables);
        if (!target.Any && !options.Prometheus)
            return;
        // From here the SDK reads them. Added this late, they are no settings of ours, and nobody takes them for misspelt ones.
        builder.Configuration.AddInMemoryCollection(variables);
        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(Describe);
        if (target.Traces)
            telemetry.WithTracing(traces => AddTraces(traces, options, target));
        if (target.Metrics || options.Prometheus)
            telemetry.WithMetrics(metrics => AddMetrics(metrics, options, target));
        if (target.Logs)
            telemetry.WithLogging(logs => logs.AddOtlpExporter(exporter => target.Configure(exporter, "logs")), logs => logs.IncludeFormattedMessage = true);
    }

    // Before the detector of OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES, which may know better.
    private static void Describe(ResourceBuilder resource) => resource.Clear()
        .AddService(ServiceName, serviceVersion: typeof(TelemetryServices).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0])
        .AddTelemetrySdk().AddEnvironmentVariableDetector();

    private static void AddTraces(TracerProviderBuilder traces, TelemetryOptions options, OtlpTarget target)
    {
        traces.AddSource(GrapnelTracing.SourceName)
            // The API alone: paths of the portal, the console and test inboxes are secrets, or nobody's business.
            .AddAspNetCoreInstrumentation(web => web.Filter = http => IsOfApi(http.Request.Path))
            .AddOtlpExporter(exporter => target.Configure(exporter, "traces"));
        // Otherwise OTEL_TRACES_SAMPLER may say.
        if (options.SampleRatio < 1)
            traces.SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(options.SampleRatio)));
    }

    private static bool IsOfApi(PathString path) =>
        path.StartsWithSegments("/trigger") || (path.StartsWithSegments(GrapnelApi.Base, out var rest) && !rest.StartsWithSegments("/health"));

    private static void AddMetrics(MeterProviderBuilder metrics, TelemetryOptions options, OtlpTarget target)
    {
        metrics.AddMeter(Meters);
        if (options.Prometheus)
            metrics.AddPrometheusExporter();
        if (target.Metrics)
            metrics.AddOtlpExporter(exporter => target.Configure(exporter, "metrics"));
    }
}
