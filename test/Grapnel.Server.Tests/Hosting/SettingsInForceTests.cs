using System.Collections;
using Grapnel.Server.Hosting;
using Grapnel.Server.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Grapnel.Server.Tests.Hosting;

public sealed class SettingsInForceTests
{
    private static readonly string[] Secrets = ["ApiKey", "Auth:JwtSecret", "Console:AdminPassword", "Network:Proxy", "Postgres:ConnectionString", "Redis:ConnectionString", "Secrets:CertificatePassword", "Telemetry:OtlpHeaders", "Mail:Password"];

    [Fact]
    public void Every_setting_is_shown_but_the_secrets()
    {
        var hidden = SettingsCatalog.Sections.SelectMany(section => section.Settings).Where(setting => !SettingsInForce.IsShown(setting)).Select(setting => setting.Path);
        hidden.ShouldBe(Secrets, ignoreOrder: true, "a new setting of text that is no secret goes into SettingsInForce.ShownTexts, one that is goes here");
    }

    [Fact]
    public async Task Of_each_setting_is_told_where_its_value_came_from()
    {
        var folder = Directory.CreateTempSubdirectory("grapnel-test-");
        try
        {
            var file = Path.Combine(folder.FullName, "appsettings.json");
            await File.WriteAllTextAsync(file, """{ "Delivery": { "Timeout": "17s", "RetrySchedule": [1, "5m"] }, "Retention": { "Messages": "3d" } }""");
            await using var app = GrapnelHost.Build(new HostSetup
            {
                SettingsFile = file, Environment = new Hashtable { ["GRAPNEL_DELIVERY__MAX_CONCURRENCY"] = "7", ["GRAPNEL_API_KEY"] = TestServer.Key },
                Arguments = ["Retention:Messages=4d"], Settings = new Dictionary<string, string?> { ["Store:Data"] = Path.Combine(folder.FullName, "data") },
            });
            var settings = app.Services.GetRequiredService<SettingsInForce>();
            var all = SettingsCatalog.Sections.SelectMany(settings.Read).ToDictionary(setting => setting.Path);

            Told(all["Delivery:Timeout"]).ShouldBe(("17s", "15s", "appsettings.json"));
            Told(all["Delivery:RetrySchedule"]).ShouldBe(("1s, 5m", null, "appsettings.json"));
            Told(all["Delivery:MaxConcurrency"]).ShouldBe(("7", "1024", "environment"));
            Told(all["Retention:Messages"]).ShouldBe(("4d", "90d", "command line"));
            Told(all["Delivery:Jitter"]).ShouldBe(("0.2", "0.2", null));
            Told(all["ApiKey"]).ShouldBe((SettingsInForce.Hidden, null, "environment"));
            Told(all["Auth:JwtSecret"]).ShouldBe((null, null, null));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static (string? Value, string? Default, string? Source) Told(SettingInForce setting) => (setting.Value, setting.Default, setting.Source);
}
