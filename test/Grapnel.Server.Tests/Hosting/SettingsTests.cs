using System.Collections;
using System.Net;
using Grapnel.Server.Hosting;
using Grapnel.Storage.Sqlite;
using Microsoft.Extensions.Configuration;

namespace Grapnel.Server.Tests.Hosting;

public sealed class SettingsTests
{
    [Fact]
    public void Every_fault_of_the_configuration_is_told_at_once()
    {
        var faults = Should.Throw<SettingsException>(() => Build(
            ("Publishing:MaxPayloadBytes", "12"), ("Delivery:Timeout", "soon"),
            ("Network:AllowNet:0", "10.0.0.1/8"), ("Network:AllowNet:1", "127.0.0.0/8"), ("Node:ExpelAfter", "4s"),
            ("Delivery:MaxConcurency", "5"), ("Store:Synchronous", "perhaps"), ("Urls", "localhost"), ("ApiKey", "short"))).Errors;

        string[] starts =
        [
            "Urls:", "ApiKey:", "Publishing:MaxPayloadBytes:", "Delivery:Timeout: 'soon' is not a duration", "Network:AllowNet:0: '10.0.0.1/8' is not a network",
            "Node:ExpelAfter:", "Store:Synchronous: 'perhaps' is not Full or Normal", "Delivery:MaxConcurency: there is no such setting; did you mean Delivery:MaxConcurrency?",
        ];
        foreach (var start in starts)
            faults.ShouldContain(fault => fault.StartsWith(start), start);
        faults.Count.ShouldBe(starts.Length);
    }

    [Fact]
    public void Values_that_parse_are_held_against_their_ranges_and_each_other()
    {
        var faults = Should.Throw<SettingsException>(() => Build(("Delivery:Jitter", "0.9"), ("Delivery:BreakerMinPause", "5m"))).Errors;
        faults.ShouldBe(["Delivery:Jitter: must lie between 0 and 0.5, but is 0.9.", "Delivery:BreakerMaxPause: must lie between 5m and 1d, but is 1m."]);
    }

    [Fact]
    public void Payloads_and_attempts_are_not_kept_longer_than_their_messages()
    {
        const string Rule = "must be at least 1m and no longer than Retention:Messages, with which all of a message goes.";
        var faults = Should.Throw<SettingsException>(() => Build(
            ("Retention:Messages", "30d"), ("Retention:Payloads", "31d"), ("Retention:Attempts", "10s"))).Errors;
        faults.ShouldBe([$"Retention:Payloads: {Rule}", $"Retention:Attempts: {Rule}"]);
        Build(("Retention:Messages", "30d"), ("Retention:Payloads", "30d"), ("Retention:Attempts", "1d"));
    }

    [Fact]
    public void Settings_come_from_the_environment_with_and_without_underscores_between_words()
    {
        var variables = new Hashtable
        {
            ["GRAPNEL_DELIVERY__MAXCONCURRENCY"] = "7",
            ["GRAPNEL_DELIVERY__LANE_LINGER"] = "2m",
            ["GRAPNEL_NETWORK__ALLOW_NET"] = "10.0.0.0/8, fd00::/8",
            ["GRAPNEL_DELIVERY__RETRY_SCHEDULE"] = "1s,5m,1h30m",
            ["GRAPNEL_STORE__SYNCHRONOUS"] = "normal",
            ["PATH"] = "/bin",
        };
        var reader = Reader([.. GrapnelEnvironment.Read(variables).Select(pair => (pair.Key, pair.Value!))]);
        var delivery = reader.Read(new DeliveryOptionsRules());
        (delivery.MaxConcurrency, delivery.LaneLinger).ShouldBe((7, TimeSpan.FromMinutes(2)));
        delivery.RetrySchedule.ShouldBe([TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(90)]);
        reader.Read(new NetworkOptionsRules()).AllowNet.ShouldBe([IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("fd00::/8")]);
        reader.Read(new SqliteStoreOptionsRules()).Synchronous.ShouldBe(SqliteSynchronous.Normal);
        reader.ThrowIfAnyFault();
    }

    [Fact]
    public void Two_spellings_of_one_variable_are_told_by_name()
    {
        var variables = new Hashtable { ["GRAPNEL_API_KEY"] = "one", ["GRAPNEL_APIKEY"] = "another" };
        Should.Throw<SettingsException>(() => GrapnelEnvironment.Read(variables)).Errors.ShouldBe(["GRAPNEL_APIKEY and GRAPNEL_API_KEY are the same setting; keep one of them."]);
    }

    [Fact]
    public void What_Kubernetes_tells_of_services_whose_names_start_as_ours_does_is_no_setting()
    {
        var variables = new Hashtable { ["GRAPNEL_API_KEY"] = "a key of some length" };
        foreach (var service in (string[])["GRAPNEL", "GRAPNEL_PROD", "GRAPNEL_POSTGRES"])
            foreach (var (name, value) in new[]
            {
                ("SERVICE_HOST", "10.96.0.7"), ("SERVICE_PORT", "80"), ("SERVICE_PORT_HTTP", "80"), ("SERVICE_PORT_HTTP_OLD", "80"), ("PORT", "tcp://10.96.0.7:80"),
                ("PORT_80_TCP", "tcp://10.96.0.7:80"), ("PORT_80_TCP_PROTO", "tcp"), ("PORT_80_TCP_PORT", "80"), ("PORT_80_TCP_ADDR", "10.96.0.7"), ("PORT_53_UDP", "udp://10.96.0.7:53"),
            })
                variables[$"{service}_{name}"] = value;

        GrapnelEnvironment.Read(variables).ShouldBe([KeyValuePair.Create("APIKEY", (string?)"a key of some length")]);
    }

    [Fact]
    public void No_setting_is_taken_for_what_Kubernetes_tells()
    {
        var names = SettingsCatalog.Sections.SelectMany(section => section.Settings).Select(setting => setting.EnvironmentName).ToList();
        var variables = new Hashtable(names.ToDictionary(name => name, _ => "80"));

        GrapnelEnvironment.Read(variables).Count.ShouldBe(names.Count);
    }

    [Theory]
    [InlineData("GRAPNEL_PORT", "8000")]
    [InlineData("GRAPNEL_MAIL__SERVICE_PORT", "25")]
    [InlineData("GRAPNEL_MAIL__PROT", "25")]
    [InlineData("GRAPNEL_SERVICE__HOST", "10.96.0.7")]
    public void A_misspelt_variable_is_refused_even_if_it_looks_like_one_of_a_service(string name, string value)
    {
        var faults = Should.Throw<SettingsException>(() => GrapnelHost.Build(new HostSetup
        {
            Settings = new Dictionary<string, string?>(), Environment = new Hashtable { [name] = value }, SettingsFile = "/nonexistent/appsettings.json",
        })).Errors;

        faults.ShouldHaveSingleItem().ShouldContain("there is no such setting");
    }

    [Fact]
    public void A_list_comes_whole_from_the_last_source_that_has_it()
    {
        var sources = new ConfigurationBuilder()
            .AddInMemoryCollection([KeyValuePair.Create("Network:AllowNet:0", (string?)"10.0.0.0/8"), KeyValuePair.Create("Network:AllowNet:1", (string?)"fd00::/8")])
            .AddInMemoryCollection([KeyValuePair.Create("Network:AllowNet", (string?)"192.168.0.0/16")])
            .AddInMemoryCollection([KeyValuePair.Create("Network:AllowNet:0", (string?)"127.0.0.0/8")]);
        new SettingsReader(sources.Build()).Read(new NetworkOptionsRules()).AllowNet.ShouldBe([IPNetwork.Parse("127.0.0.0/8")]);
    }

    [Fact]
    public void The_defaults_keep_the_rules()
    {
        var reader = Reader();
        reader.Read(new ServerOptionsRules());
        reader.Read(new PublishingOptionsRules());
        reader.Read(new DeliveryOptionsRules());
        reader.Read(new NodeOptionsRules(StoreKind.Sqlite));
        reader.Read(new RetentionOptionsRules());
        reader.Read(new InboxOptionsRules());
        reader.Read(new SqliteStoreOptionsRules());
        reader.ThrowIfAnyFault();
    }

    [Theory]
    [InlineData("250ms", 250)]
    [InlineData("15s", 15_000)]
    [InlineData("1.5s", 1_500)]
    [InlineData("5m", 300_000)]
    [InlineData("24h", 86_400_000)]
    [InlineData("2d", 172_800_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("00:00:10", 10_000)]
    [InlineData("90", 90_000)]
    [InlineData("0", 0)]
    public void A_duration_is_read_as_people_write_it(string text, int milliseconds)
    {
        Duration.TryParse(text, out var value).ShouldBeTrue();
        value.TotalMilliseconds.ShouldBe(milliseconds);
        Duration.TryParse(Duration.Format(value), out var again).ShouldBeTrue();
        again.ShouldBe(value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("5 s")]
    [InlineData("5x")]
    [InlineData("1.2.3s")]
    [InlineData("1:2:3:4:5")]
    [InlineData("99999999d")]
    public void What_is_no_duration_is_refused(string text) => Duration.TryParse(text, out _).ShouldBeFalse();

    private static void Build(params (string Name, string Value)[] settings) => GrapnelHost.Build(new HostSetup
    {
        Settings = settings.ToDictionary(pair => pair.Name, pair => (string?)pair.Value),
        Environment = new Hashtable(),
        SettingsFile = "/nonexistent/appsettings.json",
    });

    private static SettingsReader Reader(params (string Name, string Value)[] settings) => new(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(pair => KeyValuePair.Create(pair.Name, (string?)pair.Value))).Build());
}
