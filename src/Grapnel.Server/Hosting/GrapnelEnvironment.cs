using System.Collections;
using System.Text.RegularExpressions;

namespace Grapnel.Server.Hosting;

/// <summary>
/// Settings from environment variables that start with <c>GRAPNEL_</c>: two underscores part section and name, single ones are for the eye.
/// <c>GRAPNEL_DELIVERY__MAX_CONCURRENCY</c> and <c>GRAPNEL_DELIVERY__MAXCONCURRENCY</c> are both <c>Delivery:MaxConcurrency</c>.
/// </summary>
internal static partial class GrapnelEnvironment
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
            let value = (string?)variable.Value
            where name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) && !NotForTheServer.Contains(name) && !IsOfAService(name, value)
            select (Setting: name[Prefix.Length..].Replace("__", ":").Replace("_", ""), Name: name, Value: value))
            .ToLookup(variable => variable.Setting, StringComparer.OrdinalIgnoreCase);
        var twice = settings.Where(spellings => spellings.Count() > 1).ToList();
        if (twice.Count > 0)
            throw new SettingsException(
                [.. twice.Select(spellings => $"{string.Join(" and ", spellings.Select(variable => variable.Name).Order(StringComparer.Ordinal))} are the same setting; keep one of them.")]);
        return [.. settings.Select(spellings => KeyValuePair.Create<string, string?>(spellings.Key, spellings.First().Value))];
    }

    /// <summary>
    /// Whether Kubernetes made a variable, or a link of Docker: they tell every container where the services around it are, and one that is called <c>grapnel</c> has names that start as ours do
    /// (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables).
    /// </summary>
    private static bool IsOfAService(string name, string? value) => PlaceOfService().IsMatch(name) || (LinkToService().IsMatch(name) && Link().IsMatch(value ?? ""));

    // Two underscores in a row part section and name: no service has them.
    [GeneratedRegex("^GRAPNEL(_[A-Z0-9]+)*_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9]+)*|PORT_[0-9]+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?)$")]
    private static partial Regex PlaceOfService();

    [GeneratedRegex("^GRAPNEL(_[A-Z0-9]+)*_PORT$")]
    private static partial Regex LinkToService();

    [GeneratedRegex("^(tcp|udp|sctp)://")]
    private static partial Regex Link();
}
