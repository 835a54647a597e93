using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Options;

namespace Grapnel.Server.Hosting;

/// <summary>
/// Fills the options classes from the configuration and collects everything that is wrong: values that do not parse, values out of range, and
/// names that nobody knows. The platform's binder stops at the first fault, and passes over misspelt names in silence.
/// </summary>
internal sealed class SettingsReader(IConfigurationRoot configuration)
{
    private static readonly char[] ListSeparators = [',', ';'];
    private readonly List<string> _errors = [];

    public T Read<T>(IValidateOptions<T> rules) where T : class, new()
    {
        var options = new T();
        var faults = _errors.Count;
        foreach (var setting in SettingsCatalog.Sections.Single(section => section.Type == typeof(T)).Settings)
            Assign(setting, options);
        if (_errors.Count == faults && rules.Validate(name: null, options) is { Failed: true } result)
            _errors.AddRange(result.Failures);
        return options;
    }

    /// <summary>What is wrong with what was read, and names that nobody knows.</summary>
    public IReadOnlyList<string> FindFaults() => [.. _errors, .. UnknownSettings.Find(configuration)];

    public void ThrowIfAnyFault()
    {
        if (FindFaults() is { Count: > 0 } faults)
            throw new SettingsException(faults);
    }

    private void Assign(Setting setting, object options)
    {
        var type = Nullable.GetUnderlyingType(setting.Property.PropertyType) ?? setting.Property.PropertyType;
        if (type == typeof(IList<TimeSpan>))
            AssignList<TimeSpan>(setting, options);
        else if (type == typeof(IList<IPNetwork>))
            AssignList<IPNetwork>(setting, options);
        else if (type == typeof(IList<string>))
            AssignList<string>(setting, options);
        else if (configuration[setting.Path] is { } text && TryParse(setting.Path, type, text) is { } value)
            setting.Property.SetValue(options, value);
    }

    private void AssignList<T>(Setting setting, object options)
    {
        var values = new List<T>();
        foreach (var (path, text) in FindList(setting.Path))
            if (TryParse(path, typeof(T), text) is T value)
                values.Add(value);
        if (values.Count > 0)
            setting.Property.SetValue(options, values);
    }

    /// <summary>
    /// A list is written with indexes, one entry each, or as one text with commas or semicolons. It comes whole from the last source
    /// that has it: mixed from two, it would be one that nobody wrote.
    /// </summary>
    private IEnumerable<(string Path, string Text)> FindList(string path)
    {
        foreach (var source in configuration.Providers.Reverse())
        {
            if (source.TryGet(path, out var whole) && whole is not null)
                return whole.Split(ListSeparators, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(text => (path, text));
            var indexes = source.GetChildKeys([], path).Distinct().ToList();
            if (indexes.Count > 0)
                return indexes.Select(index => (Path: $"{path}:{index}", Text: source.TryGet($"{path}:{index}", out var text) ? text ?? "" : ""));
        }
        return [];
    }

    private object? TryParse(string path, Type type, string text)
    {
        var (value, form) = type switch
        {
            _ when type == typeof(string) => (text, ""),
            _ when type == typeof(TimeSpan) => (Duration.TryParse(text, out var duration) ? duration : null, Duration.Forms),
            _ when type == typeof(IPNetwork) => (TryParseNetwork(text, out var network) ? (object)network : null, "a network in CIDR notation like 10.20.0.0/16, with no bits set after the prefix"),
            _ when type == typeof(int) => (int.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : null, "a whole number"),
            _ when type == typeof(long) => (long.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : null, "a whole number"),
            _ when type == typeof(double) => (double.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : null, "a number like 0.2"),
            _ when type == typeof(bool) => (bool.TryParse(text, out var flag) ? (object)flag : null, "true or false"),
            _ when type.IsEnum => (TryParseEnum(type, text, out var name) ? name : null, string.Join(" or ", Enum.GetNames(type))),
            _ => throw new NotSupportedException($"No rule reads a setting of type {type}."),
        };
        if (value is null)
            _errors.Add($"{path}: '{text}' is not {form}.");
        return value;
    }

    /// <summary>Numbers are not names; several names, with commas, are for enums that hold several.</summary>
    private static bool TryParseEnum(Type type, string text, [NotNullWhen(true)] out object? value) =>
        Enum.TryParse(type, text, ignoreCase: true, out value) && !text.Split(',').Any(part => long.TryParse(part, CultureInfo.InvariantCulture, out _))
        && (Enum.IsDefined(type, value) || type.IsDefined(typeof(FlagsAttribute), inherit: false));

    /// <summary>The platform clears the bits after the prefix; somebody who wrote 10.0.0.1/8 may well have meant one address.</summary>
    private static bool TryParseNetwork(string text, out IPNetwork network) =>
        IPNetwork.TryParse(text, out network) && IPAddress.Parse(text.AsSpan(..text.IndexOf('/'))).Equals(network.BaseAddress);
}

/// <summary>The configuration does not fit; carries everything that is wrong with it.</summary>
internal sealed class SettingsException(IReadOnlyList<string> errors)
    : Exception("The configuration has faults:" + string.Concat(errors.Select(error => $"{Environment.NewLine}  - {error}")))
{
    public IReadOnlyList<string> Errors { get; } = errors;
}
