using System.Collections;
using System.Globalization;
using System.Text.RegularExpressions;
using Grapnel.Server.Hosting;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Hosting;

public sealed partial class ConfigurationDocumentTests
{
    [Fact]
    public void The_document_has_every_setting_with_its_names_and_its_default_and_no_other()
    {
        var rows = Row().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "configuration.md")))
            .Select(row => (row.Groups["path"].Value, row.Groups["variable"].Value, row.Groups["default"].Value));
        rows.ShouldBe(SettingsCatalog.Sections.SelectMany(Expected), ignoreOrder: true);
    }

    private static IEnumerable<(string, string, string)> Expected(SettingsSection section)
    {
        var defaults = Activator.CreateInstance(section.Type);
        return section.Settings.Select(setting => (setting.Path, setting.EnvironmentName, Show(setting.Property.GetValue(defaults))));
    }

    private static string Show(object? value) => value switch
    {
        null or ICollection { Count: 0 } => "",
        TimeSpan duration => Duration.Format(duration),
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    [GeneratedRegex(@"^\| `(?<path>\w+(:\w+)?)` \| `(?<variable>\w+)` \| (`(?<default>[^`]*)`)? ?\| \S.*\|$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
