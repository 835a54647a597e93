using System.Collections;

namespace Grapnel.Server.Hosting;

/// <summary>
/// Settings from environment variables that start with <c>GRAPNEL_</c>: two underscores part section and name, single ones are for the eye.
/// <c>GRAPNEL_DELIVERY__MAX_CONCURRENCY</c> and <c>GRAPNEL_DELIVERY__MAXCONCURRENCY</c> are both <c>Delivery:MaxConcurrency</c>.
/// </summary>
internal static class GrapnelEnvironment
{
    public const string Prefix = "GRAPNEL_";

    /// <summary>Variables of other commands, which the server passes over.</summary>
    private static readonly string[] NotForTheServer = ["GRAPNEL_URL"];

    /// <exception cref="SettingsException">Two variables are spellings of one setting, and neither is the later one.</exception>
    public static IReadOnlyList<KeyValuePair<string, string?>> Read(IDictionary variables)
    {
        var settings = (
            from DictionaryEntry variable in variables
            let name = (string)variable.Key
            where name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) && !NotForTheServer.Contains(name)
            select (Setting: name[Prefix.Length..].Replace("__", ":").Replace("_", ""), Name: name, Value: (string?)variable.Value))
            .ToLookup(variable => variable.Setting, StringComparer.OrdinalIgnoreCase);
        var twice = settings.Where(spellings => spellings.Count() > 1).ToList();
        if (twice.Count > 0)
            throw new SettingsException(
                [.. twice.Select(spellings => $"{string.Join(" and ", spellings.Select(variable => variable.Name).Order(StringComparer.Ordinal))} are the same setting; keep one of them.")]);
        return [.. settings.Select(spellings => KeyValuePair.Create<string, string?>(spellings.Key, spellings.First().Value))];
    }
}
