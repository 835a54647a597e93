using System.Text.Json;

namespace Grapnel.Server.Api;

/// <summary>How values of the engine are spelt in the API.</summary>
internal static class Names
{
    public static string ToCamelCase<T>(this T value) where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    /// <summary>In UTC and whole milliseconds, which is what the store keeps: an answer to a write shows what a later read will.</summary>
    public static DateTime ToApiTime(this DateTimeOffset time) => new(time.UtcTicks - time.UtcTicks % TimeSpan.TicksPerMillisecond, DateTimeKind.Utc);

    public static bool IsIdOf<T>(string text) where T : IIdentified => Id<T>.TryParse(text, out _);
}
