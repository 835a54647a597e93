namespace Grapnel.Server.Hosting;

/// <summary>Finds settings that nobody reads, which are nearly always misspelt, and names the nearest one that there is.</summary>
internal static class UnknownSettings
{
    private static readonly Setting[] All = [.. SettingsCatalog.Sections.SelectMany(section => section.Settings)];

    private static readonly string[] Known = [.. All.Select(setting => setting.Path)];

    public static IEnumerable<string> Find(IConfiguration configuration) =>
        from pair in configuration.AsEnumerable()
        where pair.Value is not null && !IsKnown(pair.Key)
        let nearest = Known.MinBy(known => Distance(known, pair.Key))
        select $"{pair.Key}: there is no such setting; did you mean {nearest}?";

    private static bool IsKnown(string path) =>
        Known.Contains(path, StringComparer.OrdinalIgnoreCase)
        || All.Any(setting => setting.IsList && IsWithin(path, setting.Path)) || SettingsCatalog.PlatformSections.Any(section => IsWithin(path, section));

    private static bool IsWithin(string path, string parent) =>
        path.StartsWith(parent, StringComparison.OrdinalIgnoreCase) && (path.Length == parent.Length || path[parent.Length] == ':');

    /// <summary>Levenshtein's distance, case apart.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        foreach (var (i, x) in a.Index())
        {
            var diagonal = row[0];
            row[0] = i + 1;
            foreach (var (j, y) in b.Index())
            {
                var substituted = diagonal + (char.ToUpperInvariant(x) == char.ToUpperInvariant(y) ? 0 : 1);
                diagonal = row[j + 1];
                row[j + 1] = Math.Min(substituted, Math.Min(row[j], diagonal) + 1);
            }
        }
        return row[^1];
    }
}
