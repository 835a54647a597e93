using MudBlazor;

namespace Grapnel.Server.Console;

/// <summary>
/// The component library's share of the look; the rest is in <c>console.css</c>, whose colours these are. Both themes are always on the page, and
/// an attribute of the document chooses, so that switching needs no server and no page flashes in the wrong one.
/// </summary>
internal static class ConsoleTheme
{
    private static readonly Typography Type = MakeTypography();
    private static readonly LayoutProperties Layout = new() { DefaultBorderRadius = "6px" };

    public static readonly MudTheme Light = new()
    {
        PseudoCss = new PseudoCss { Scope = ":root" },
        Typography = Type,
        LayoutProperties = Layout,
        PaletteLight = new PaletteLight
        {
            Primary = "#0b6b7a", PrimaryContrastText = "#ffffff", Secondary = "#55626b", Info = "#0b6b7a", Success = "#17703f", Warning = "#8a5700", Error = "#b3261e",
            Background = "#f6f7f8", Surface = "#ffffff", DrawerBackground = "#ffffff", AppbarBackground = "#ffffff", TextPrimary = "#172026",
            TextSecondary = "#55626b", ActionDefault = "#55626b", Divider = "#dfe3e6", LinesDefault = "#dfe3e6", LinesInputs = "#aab4bb", TableLines = "#e7eaec",
            TableHover = "#f0f3f4", OverlayDark = "rgba(15,20,23,0.45)", Dark = "#263238",
        },
    };

    public static readonly MudTheme Dark = new()
    {
        PseudoCss = new PseudoCss { Scope = "html[data-theme=dark]" },
        Typography = Type,
        LayoutProperties = Layout,
        PaletteDark = new PaletteDark
        {
            Primary = "#5cc0cf", PrimaryContrastText = "#0c1518", Secondary = "#9dabb4", Info = "#5cc0cf", Success = "#5fcb8f", Warning = "#e2b052", Error = "#f28b82",
            Background = "#0f1518", Surface = "#161e22", DrawerBackground = "#161e22", AppbarBackground = "#161e22", TextPrimary = "#e5ebee",
            TextSecondary = "#9dabb4", ActionDefault = "#9dabb4", Divider = "#2a353b", LinesDefault = "#2a353b", LinesInputs = "#4c5a62", TableLines = "#232e33",
            TableHover = "#1c262b", OverlayDark = "rgba(0,0,0,0.6)", Dark = "#0b1013", Black = "#0b1013",
        },
    };

    private static Typography MakeTypography()
    {
        string[] family = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "sans-serif"];
        return new Typography
        {
            Default = new DefaultTypography { FontFamily = family, FontSize = "0.875rem", LineHeight = "1.5", LetterSpacing = "normal" },
            Button = new ButtonTypography { FontFamily = family, FontSize = "0.875rem", FontWeight = "500", LetterSpacing = "normal", TextTransform = "none" },
            Body1 = new Body1Typography { FontFamily = family, FontSize = "0.875rem", LetterSpacing = "normal" },
            Body2 = new Body2Typography { FontFamily = family, FontSize = "0.8125rem", LetterSpacing = "normal" },
            H6 = new H6Typography { FontFamily = family, FontSize = "1rem", FontWeight = "600", LetterSpacing = "normal" },
        };
    }
}
