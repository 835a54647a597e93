using System.Collections;
using OpenTelemetry.Exporter;

namespace Grapnel.Server.Telemetry;

/// <summary>Where traces, metrics and logs go, if anywhere. Settings of ours win over the variables of OpenTelemetry.</summary>
internal sealed class OtlpTarget(TelemetryOptions options, IReadOnlyDictionary<string, string?> variables)
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>The variables of OpenTelemetry among those of the process.</summary>
    public static Dictionary<string, string?> Variables(IDictionary environment) => (
        from DictionaryEntry variable in environment
        let name = (string)variable.Key
        where name.StartsWith("OTEL_", StringComparison.Ordinal)
        select (name, (string?)variable.Value)).ToDictionary();

    /// <summary>Whether traces are exported.</summary>
    public bool Traces => Has("TRACES");

    /// <summary>Whether metrics are exported.</summary>
    public bool Metrics => Has("METRICS");

    /// <summary>Whether logs are exported.</summary>
    public bool Logs => Has("LOGS");

    /// <summary>Whether anything is exported.</summary>
    public bool Any => Traces || Metrics || Logs;

    /// <summary>Tells an exporter of a signal, <c>traces</c>, <c>metrics</c> or <c>logs</c>, where to go. Without a setting of ours it has read the variables already.</summary>
    public void Configure(OtlpExporterOptions exporter, string signal)
    {
        if (options.OtlpEndpoint is not { Length: > 0 } address)
            return;
        exporter.Protocol = options.OtlpProtocol == OtlpKind.Grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        // The exporter adds the path only to an address that it found itself.
        exporter.Endpoint = new Uri(options.OtlpProtocol == OtlpKind.Grpc ? address : $"{address.TrimEnd('/')}/v1/{signal}");
        if (options.OtlpHeaders is { Length: > 0 } headers)
            exporter.Headers = headers;
    }

    private bool Has(string signal) =>
        options.OtlpEndpoint is { Length: > 0 } || IsSet(Endpoint) || IsSet($"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT");

    private bool IsSet(string variable) => variables.GetValueOrDefault(variable) is { Length: > 0 };
}
