using Grapnel.Testing;

namespace Grapnel.Server.Tests.Faults.Harness;

/// <summary>A server for all tests that do it no harm. Its breakers are quick, and it trusts the receivers that speak TLS.</summary>
public sealed class SharedRig : IAsyncLifetime
{
    private readonly string _roots = Path.GetTempFileName();

    /// <summary>Signs certificates that the server trusts.</summary>
    internal TestCertificates Certificates { get; } = new();

    private Rig Rig { get; set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(_roots, Certificates.Roots.ExportCertificatePems());
        Rig = await Rig.StartAsync(settings:
        [
            ("GRAPNEL_DELIVERY__BREAKER_MIN_PAUSE", "100ms"), ("GRAPNEL_DELIVERY__BREAKER_MAX_PAUSE", "400ms"),
            ("GRAPNEL_DELIVERY__RETRY_SCHEDULE", "300ms,300ms,300ms,300ms,300ms,300ms,300ms,300ms"), ("SSL_CERT_FILE", _roots),
        ]);
    }

    /// <summary>The server, with a new application to work in.</summary>
    internal async Task<Rig> NewApplicationAsync()
    {
        await Rig.UseNewApplicationAsync();
        return Rig;
    }

    public async ValueTask DisposeAsync()
    {
        await Rig.DisposeAsync();
        Certificates.Dispose();
        File.Delete(_roots);
    }
}
