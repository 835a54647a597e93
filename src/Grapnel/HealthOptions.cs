namespace Grapnel;

/// <summary>What counts as well. Section <c>Health</c>.</summary>
public sealed class HealthOptions
{
    /// <summary>Bytes free on the disk of the data folder below which it is said to run low. Default 256 MiB; 0 for never.</summary>
    public long MinFreeDiskBytes { get; set; } = 256 << 20;
}
