using System.Collections;
using System.Globalization;

namespace Grapnel.Server.Hosting;

/// <summary>Every setting as it is in force, for people to read.</summary>
internal sealed class SettingsInForce(IServiceProvider services, SettingSources sources)
{
    /// <summary>What stands in place of a secret that is set.</summary>
    public const string Hidden = "set, not shown";

    /// <summary>
    /// The settings of free text that are shown. Any other may be a secret, so a new one shows nothing until somebody decides that it may.
    /// Numbers, durations, networks and the like cannot be secrets.
    /// </summary>
    private static readonly string[] ShownTexts =
    [
        "Urls", "Api:PublicUrl", "Console:AdminName", "Store:Data", "Node:Name", "Redis:KeyPrefix", "Portal:FrameOrigins", "Portal:Name", "Portal:LogoUrl", "Portal:Colour", "Delivery:EventSource", "Network:NoProxy", "Secrets:KeyRing", "Secrets:Certificate", "Secrets:OldCertificates",
        "Telemetry:OtlpEndpoint", "Mail:Host", "Mail:UserName", "Mail:From", "Mail:To",
    ];

    /// <summary>Whether the value of a setting may be shown.</summary>
    public static bool IsShown(Setting setting) => TypeOf(setting) is var type && (type.IsValueType || IsListOfValues(type) || ShownTexts.Contains(setting.Path));

    /// <summary>All settings of a section.</summary>
    public IReadOnlyList<SettingInForce> Read(SettingsSection section)
    {
        var (options, defaults) = (services.GetRequiredService(section.Type), Activator.CreateInstance(section.Type)!);
        return [.. section.Settings.Select(setting => Read(setting, options, defaults))];
    }

    private SettingInForce Read(Setting setting, object options, object defaults)
    {
        var (value, usual) = (setting.Property.GetValue(options), setting.Property.GetValue(defaults));
        var shown = IsShown(setting);
        return new SettingInForce(setting.Path, setting.EnvironmentName, Show(value, shown), Show(usual, shown), sources.Of(setting.Path));
    }

    private static string? Show(object? value, bool shown) => value switch
    {
        null or "" or ICollection { Count: 0 } => null,
        _ when !shown => Hidden,
        IEnumerable list and not string => string.Join(", ", list.Cast<object>().Select(entry => Show(entry, shown))),
        TimeSpan duration => Duration.Format(duration),
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    private static Type TypeOf(Setting setting) => Nullable.GetUnderlyingType(setting.Property.PropertyType) ?? setting.Property.PropertyType;

    private static bool IsListOfValues(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IList<>) && type.GetGenericArguments()[0].IsValueType;
}

/// <summary>One setting in force.</summary>
/// <param name="Path">Its name, for example <c>Delivery:Timeout</c>.</param>
/// <param name="EnvironmentName">The variable that sets it.</param>
/// <param name="Value">Its value; null for none.</param>
/// <param name="Default">Its default; null for none.</param>
/// <param name="Source">Where the value came from; null for its default.</param>
internal sealed record SettingInForce(string Path, string EnvironmentName, string? Value, string? Default, string? Source);
