using Microsoft.Extensions.Time.Testing;

namespace Grapnel.Storage.Tests.Conformance;

/// <summary>A fake clock whose wall can be set apart from the time that passes, as an administrator or NTP does.</summary>
public sealed class TestClock(DateTimeOffset start) : FakeTimeProvider(start)
{
    public TimeSpan WallSkew { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + WallSkew;

    public override long GetTimestamp() => base.GetUtcNow().UtcTicks;
}
