namespace Grapnel.Registry;

/// <summary>Arithmetic on an endpoint's extra headers; names compare without case and keep the case they were given.</summary>
internal static class EndpointHeaders
{
    private static readonly HashSet<string> SensitiveNames = new(StringComparer.OrdinalIgnoreCase)
    {
        "Authorization", "Proxy-Authorization", "WWW-Authenticate", "X-Api-Key", "X-Auth-Token",
    };

    /// <summary>Whether values of this header are credentials.</summary>
    public static bool IsSensitive(string name) => SensitiveNames.Contains(name);

    /// <summary>What <paramref name="headers"/> become when values are set, and names whose value is null are removed.</summary>
    public static IReadOnlyDictionary<string, string> Merge(
        IReadOnlyDictionary<string, string> headers, IEnumerable<KeyValuePair<string, string?>> changes)
    {
        var merged = new Dictionary<string, string>(headers, StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in changes)
        {
            merged.Remove(name);
            if (value is not null)
                merged[name] = value;
        }
        return merged;
    }

    /// <summary>Parts headers whose values may be shown from the names of those that carry credentials.</summary>
    public static (IReadOnlyDictionary<string, string> Open, IReadOnlyList<string> Sensitive) Divide(IReadOnlyDictionary<string, string> headers) =>
        (headers.Where(header => !SensitiveNames.Contains(header.Key)).ToDictionary(),
            [.. headers.Keys.Where(SensitiveNames.Contains)]);
}
