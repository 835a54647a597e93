using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using Grapnel.Server.Commands.Client;

namespace Grapnel.Server.Commands;

/// <summary>Options that several commands share, and the readers of their values.</summary>
internal static class CommandOptions
{
    /// <summary>A whole number within a range; anything else is reported in the words of the option.</summary>
    public static Option<int> Number(string name, string helpName, int value, int least, int most, string description) => new(name)
    {
        Description = description, HelpName = helpName, DefaultValueFactory = _ => value,
        CustomParser = result =>
        {
            if (!int.TryParse(result.Tokens.Single().Value, CultureInfo.InvariantCulture, out var number) || number < least || number > most)
                result.AddError($"{name} takes a whole number from {least} to {most}, not '{result.Tokens.Single().Value}'.");
            return number;
        },
    };

    public static Option<int> Port(string name, int value, string description) => Number(name, "port", value, 0, 65_535, description);

    /// <summary>The server that a command talks to.</summary>
    public static Option<Uri?> Url() => new("--url")
    {
        Description = $"The address of the server. Default: the environment variable {ApiClient.UrlVariable}, else {ApiClient.DefaultUrl}",
        HelpName = "url", CustomParser = ParseUrl,
    };

    /// <summary>The API key that a command shows to the server.</summary>
    public static Option<string?> Key() => new("--key")
    {
        Description = $"An API key. Default: the environment variable {ApiKeySource.EnvironmentVariable}, else the file {ApiKeySource.DefaultFile}.", HelpName = "key",
    };

    /// <summary>Reads <c>500ms</c>, <c>2s</c> or <c>1m</c>.</summary>
    public static TimeSpan ParseDuration(ArgumentResult result)
    {
        if (TryParseDuration(result.Tokens.Single().Value, out var duration))
            return duration;
        result.AddError($"'{result.Tokens.Single().Value}' is not a duration; write 500ms, 2s or 1m.");
        return default;
    }

    public static IPAddress? ParseAddress(ArgumentResult result)
    {
        var text = result.Tokens.Single().Value;
        if (text == "localhost")
            return IPAddress.Loopback;
        if (IPAddress.TryParse(text, out var address))
            return address;
        result.AddError($"'{text}' is not an IP address; write 127.0.0.1, ::1 or 0.0.0.0.");
        return null;
    }

    public static Uri? ParseUrl(ArgumentResult result)
    {
        if (Uri.TryCreate(result.Tokens.Single().Value, UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
            return url;
        result.AddError($"'{result.Tokens.Single().Value}' is not an http or https address; write it like http://127.0.0.1:8000.");
        return null;
    }

    private static bool TryParseDuration(string text, out TimeSpan duration)
    {
        var digits = text.TrimEnd([.. "ms"]);
        var known = double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number);
        var unit = text[digits.Length..] switch { "ms" => 1, "s" => 1000, "m" => 60_000, _ => 0 };
        duration = known && unit > 0 && number * unit < int.MaxValue ? TimeSpan.FromMilliseconds(number * unit) : TimeSpan.Zero;
        return known && unit > 0 && number * unit < int.MaxValue;
    }
}
