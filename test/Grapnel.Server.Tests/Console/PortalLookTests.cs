using System.Text.RegularExpressions;
using Grapnel.Server.Console.Portal;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Console;

public sealed partial class PortalLookTests
{
    [Theory]
    [InlineData("#ffdd00")]
    [InlineData("#000000")]
    [InlineData("#ffffff")]
    [InlineData("#808080")]
    [InlineData("#ff0000")]
    [InlineData("#00FF00")]
    [InlineData("#0b6b7a")]
    public void Text_in_the_operators_colour_and_on_it_can_be_read_in_both_themes(string colour)
    {
        var themes = Theme().Matches(PortalColours.Stylesheet(colour)).Select(theme => theme.Value).ToList();
        themes.Count.ShouldBe(2);
        foreach (var (theme, ground) in themes.Zip(["#ffffff", "#161e22"]))
        {
            Contrast(Value(theme, "accent"), ground).ShouldBeGreaterThanOrEqualTo(4.5);
            Contrast(Value(theme, "accent"), Value(theme, "accent-soft")).ShouldBeGreaterThanOrEqualTo(4.5);
            Contrast(Value(theme, "accent"), Value(theme, "on-accent")).ShouldBeGreaterThanOrEqualTo(4.5);
            Contrast(Value(theme, "accent-hover"), Value(theme, "on-accent")).ShouldBeGreaterThanOrEqualTo(4.5);
        }
    }

    [Fact]
    public void A_colour_that_can_be_read_stays_as_it_is() => PortalColours.Stylesheet("#0b6b7a").ShouldStartWith(":root { --accent: #0b6b7a;");

    [Theory]
    [InlineData("https://app.example.com", true)]
    [InlineData("http://localhost:3000", true)]
    [InlineData("https://app.example.com/", false)]
    [InlineData("https://app.example.com/page", false)]
    [InlineData("https://*.example.com", false)]
    [InlineData("https://a.example; script-src *", false)]
    [InlineData("https://user@app.example.com", false)]
    [InlineData("app.example.com", false)]
    [InlineData("*", false)]
    [InlineData("'self'", false)]
    public void Only_origins_may_frame(string origin, bool fits) => Fits(new PortalOptions { FrameOrigins = [origin] }).ShouldBe(fits);

    [Theory]
    [InlineData("https://cdn.example.com/logo.svg", true)]
    [InlineData("/logo.svg", true)]
    [InlineData("//cdn.example.com/logo.svg", false)]
    [InlineData("http://cdn.example.com/logo.svg", false)]
    [InlineData("javascript:alert(1)", false)]
    [InlineData("data:image/svg+xml,x", false)]
    public void A_logo_comes_over_https_or_from_here(string url, bool fits) => Fits(new PortalOptions { LogoUrl = url }).ShouldBe(fits);

    [Theory]
    [InlineData("#0b6B7a", true)]
    [InlineData("#fff", false)]
    [InlineData("teal", false)]
    [InlineData("#00000}", false)]
    public void A_colour_has_six_digits(string colour, bool fits) => Fits(new PortalOptions { Colour = colour }).ShouldBe(fits);

    [Fact]
    public async Task The_colours_stylesheet_is_kept_for_good_at_its_own_address_and_never_at_that_of_another_colour()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Portal:Colour"] = "#0b6b7a" });
        var own = server.Get<PortalLook>().Stylesheet!;
        var other = new PortalLook(new PortalOptions { Colour = "#ffdd00" }).Stylesheet!;

        (await CacheControlAsync(own)).ShouldContain("immutable");
        (await CacheControlAsync(other)).ShouldBe("no-cache");
        (await CacheControlAsync(own.Split('?')[0])).ShouldBe("no-cache");

        async Task<string> CacheControlAsync(string path)
        {
            using var response = await server.Stranger.GetAsync(path);
            (await response.Content.ReadAsStringAsync()).ShouldBe(PortalColours.Stylesheet("#0b6b7a"));
            return response.Headers.CacheControl!.ToString();
        }
    }

    private static bool Fits(PortalOptions options) => new PortalOptionsRules().Validate(name: null, options).Succeeded;

    private static string Value(string theme, string name) => Regex.Match(theme, $"--{name}: (#[0-9a-f]{{6}})").Groups[1].Value;

    private static double Contrast(string one, string other) => PortalColours.Rgb.Parse(one).ContrastTo(PortalColours.Rgb.Parse(other));

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Theme();
}
