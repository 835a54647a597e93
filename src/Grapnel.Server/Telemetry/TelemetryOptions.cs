using System.Net;

namespace Grapnel.Server.Telemetry;

/// <summary>Who is told how the server does. Section <c>Telemetry</c>. Everything is off until it is asked for.</summary>
internal sealed class TelemetryOptions
{
    /// <summary>
    /// The collector that traces, metrics and logs go to, over OTLP, for example <c>http://collector:4317</c>. Default none. The variables of OpenTelemetry,
    /// <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> and its kin, do the same.
    /// </summary>
    public string? OtlpEndpoint { get; set; }

    /// <summary>How the collector is spoken to. Default <see cref="OtlpKind.Grpc"/>. Only with <see cref="OtlpEndpoint"/>.</summary>
    public OtlpKind OtlpProtocol { get; set; }

    /// <summary>Headers for the collector, as <c>name=value</c> with commas, for example its key. Default none. Only with <see cref="OtlpEndpoint"/>.</summary>
    public string? OtlpHeaders { get; set; }

    /// <summary>The part of the traces that begin here which is recorded, 0 to 1. Default 1. A caller's trace is recorded when the caller records it.</summary>
    public double SampleRatio { get; set; } = 1;

    /// <summary>Whether <c>/metrics</c> answers, in Prometheus's format. Default no.</summary>
    public bool Prometheus { get; set; }

    /// <summary>Networks from which <c>/metrics</c> needs no key, in CIDR notation. Empty means the machine itself.</summary>
    public IList<IPNetwork> PrometheusNetworks { get; set; } = [];

    /// <summary>The networks in force.</summary>
    public IReadOnlyList<IPNetwork> EffectivePrometheusNetworks => PrometheusNetworks.Count > 0 ? [.. PrometheusNetworks] : Loopback;

    private static readonly IPNetwork[] Loopback = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];
}

/// <summary>A way to speak OTLP.</summary>
internal enum OtlpKind
{
    /// <summary>gRPC, as a rule at port 4317.</summary>
    Grpc,

    /// <summary>HTTP with Protocol Buffers, as a rule at port 4318; <c>/v1/traces</c> and the like are added to the address.</summary>
    HttpProtobuf,
}
