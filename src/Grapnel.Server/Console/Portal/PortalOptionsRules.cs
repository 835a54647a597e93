using System.Buffers;
using Grapnel.Server.Hosting;
using Microsoft.Extensions.Options;

namespace Grapnel.Server.Console.Portal;

internal sealed class PortalOptionsRules : IValidateOptions<PortalOptions>
{
    private const int MaxNameLength = 64;
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdefABCDEF");

    // What ends a directive, or a source in it: these values go into a header of every page.
    private static readonly SearchValues<char> Breaking = SearchValues.Create(" ;,'\"*\\");

    public ValidateOptionsResult Validate(string? name, PortalOptions options) => new OptionsCheck("Portal")
        .That(nameof(options.FrameOrigins), options.FrameOrigins.All(IsOrigin), "must be origins like https://app.example.com, without a path")
        .That(nameof(options.Name), options.Name is null or { Length: <= MaxNameLength }, $"must have at most {MaxNameLength} characters")
        .That(nameof(options.LogoUrl), options.LogoUrl is null || IsPath(options.LogoUrl) || IsHttps(options.LogoUrl),
            "must be an https URL, or a path at this server's address, like /logo.svg")
        .That(nameof(options.Colour), options.Colour is null || IsColour(options.Colour), "must be a colour like #0b6b7a")
        .Result;

    private static bool IsOrigin(string text) =>
        IsPlain(text) && Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
        && text.Equals(uri.GetLeftPart(UriPartial.Authority), StringComparison.OrdinalIgnoreCase) && uri.UserInfo.Length == 0;

    private static bool IsHttps(string text) =>
        IsPlain(text) && Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri is { Scheme: "https", UserInfo: "" };

    private static bool IsPath(string text) => IsPlain(text) && text is ['/', not '/', ..];

    private static bool IsColour(string text) => text is ['#', _, _, _, _, _, _] && !text.AsSpan(1).ContainsAnyExcept(Digits);

    private static bool IsPlain(string text) => !text.AsSpan().ContainsAny(Breaking) && text.All(character => character is > ' ' and < '\x7f');
}
