using System.Text.Json;

namespace Grapnel.Server.Api;

/// <summary>How values of the engine are spelt in the API.</summary>
internal static class Names
{
    public static string ToCamelCase<T>(this T value) where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    public static bool IsIdOf<T>(string text) where T : IIdentified => Id<T>.TryParse(text, out _);
}
