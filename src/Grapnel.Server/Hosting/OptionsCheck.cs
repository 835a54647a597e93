using Microsoft.Extensions.Options;

namespace Grapnel.Server.Hosting;

/// <summary>Collects what is wrong with the settings of one section.</summary>
internal sealed class OptionsCheck(string section)
{
    private readonly List<string> _errors = [];

    public ValidateOptionsResult Result => _errors.Count > 0 ? ValidateOptionsResult.Fail(_errors) : ValidateOptionsResult.Success;

    public OptionsCheck Between<T>(string name, T value, T min, T max) where T : IComparable<T> =>
        That(name, value.CompareTo(min) >= 0 && value.CompareTo(max) <= 0,
            $"must lie between {Text(min)} and {Text(max)}, but is {Text(value)}");

    public OptionsCheck That(string name, bool fits, string message)
    {
        if (!fits)
            _errors.Add($"{(section.Length > 0 ? section + ":" : "")}{name}: {message}.");
        return this;
    }

    private static string Text<T>(T value) =>
        value is TimeSpan duration ? Duration.Format(duration) : FormattableString.Invariant($"{value}");

    /// <summary>Whether a text is an http or https address, with neither query nor fragment.</summary>
    public static bool IsHttpAddress(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri is { Scheme: "http" or "https", Query: "", Fragment: "" };
}
