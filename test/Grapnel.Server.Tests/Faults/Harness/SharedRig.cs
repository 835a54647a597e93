using Grapnel.Testing;

namespace Grapnel.Server.Tests.Faults.Harness;

/// <summary>
/// Servers for all tests that do them no harm, one for each back-end, started when a test wants it. Their breakers are quick, and they trust the receivers
/// that speak TLS.
/// </summary>
public sealed class SharedRig : IAsyncLifetime
{
    private readonly string _roots = Path.GetTempFileName();
    private readonly Dictionary<BackEnd, Rig> _rigs = [];

    /// <summary>Signs certificates that the servers trust.</summary>
    internal TestCertificates Certificates { get; } = new();

    public async ValueTask InitializeAsync() => await File.WriteAllTextAsync(_roots, Certificates.Roots.ExportCertificatePems());

    /// <summary>The server, with a new application to work in.</summary>
    internal async Task<Rig> NewApplicationAsync(BackEnd backEnd = BackEnd.Sqlite)
    {
        if (!_rigs.TryGetValue(backEnd, out var rig))
            _rigs.Add(backEnd, rig = await StartAsync(backEnd));
        await rig.UseNewApplicationAsync();
        return rig;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var rig in _rigs.Values)
            await rig.DisposeAsync();
        Certificates.Dispose();
        File.Delete(_roots);
    }

    private Task<Rig> StartAsync(BackEnd backEnd) => Rig.StartOnAsync(
        backEnd,
        ("GRAPNEL_DELIVERY__BREAKER_MIN_PAUSE", "100ms"), ("GRAPNEL_DELIVERY__BREAKER_MAX_PAUSE", "400ms"),
        ("GRAPNEL_DELIVERY__RETRY_SCHEDULE", "300ms,300ms,300ms,300ms,300ms,300ms,300ms,300ms"), ("SSL_CERT_FILE", _roots));
}
