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

    public static IEnumerable<KeyValuePair<string, string?>> Read(IDictionary variables) =>
        from DictionaryEntry variable in variables
        let name = (string)variable.Key
        where name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) && !NotForTheServer.Contains(name)
        select KeyValuePair.Create(name[Prefix.Length..].Replace("__", ":").Replace("_", ""), (string?)variable.Value);
}
