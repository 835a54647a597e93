using Grapnel.Server.Commands.Examinations;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Commands;

/// <summary>What the doctor thinks of figures that no test can make the machine have.</summary>
public sealed class MachineChecksTests
{
    [Theory, InlineData(50, "Fault"), InlineData(500, "Warning"), InlineData(5_000, "Fine")]
    public void Little_room_on_the_disk_is_a_finding(long mebibytes, string severity) => Assert(MachineChecks.JudgeFree("/data", mebibytes << 20), severity);

    [Theory, InlineData(51, "Warning"), InlineData(5, "Fine")]
    public void A_slow_disk_is_a_finding(int milliseconds, string severity) =>
        Assert(MachineChecks.JudgeSync("/data", TimeSpan.FromMilliseconds(milliseconds)), severity);

    [Theory, InlineData(256, "Warning"), InlineData(512, "Fine")]
    public void Little_memory_is_a_finding(long mebibytes, string severity) => Assert(MachineChecks.JudgeMemory(mebibytes << 20), severity);

    [Theory, InlineData(1024, "Warning"), InlineData(65_536, "Fine")]
    public void Few_open_files_are_a_finding(long files, string severity) => Assert(MachineChecks.JudgeFiles(files), severity);

    [Fact]
    public void A_certificate_that_expires_within_two_weeks_is_a_finding()
    {
        using var certificates = new TestCertificates();
        using var certificate = certificates.Issue("example.com");
        Assert(EndpointChecks.JudgeCertificate(certificate, certificate.NotAfter.ToUniversalTime().AddDays(-13)), "Warning");
        Assert(EndpointChecks.JudgeCertificate(certificate, certificate.NotAfter.ToUniversalTime().AddHours(-1)), "Warning");
    }

    private static void Assert(Finding finding, string severity)
    {
        $"{finding.Severity}".ShouldBe(severity);
        (finding.Remedy is null).ShouldBe(finding.Severity == Severity.Fine);
    }
}
