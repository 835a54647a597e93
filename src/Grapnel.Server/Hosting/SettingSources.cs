namespace Grapnel.Server.Hosting;

/// <summary>Where each setting came from.</summary>
internal sealed class SettingSources(IConfigurationRoot configuration)
{
    // In the order in which the host adds them.
    private static readonly string[] Names = ["default", "appsettings.json", "environment", "command line", "the command itself"];

    private readonly IConfigurationProvider[] _sources = [.. configuration.Providers];

    /// <summary>The source of a setting's value in words; null where it has its default.</summary>
    public string? Of(string path)
    {
        var last = Array.FindLastIndex(_sources, source => source.TryGet(path, out _) || source.GetChildKeys([], path).Any());
        return last < 0 ? null : Names[last];
    }
}
