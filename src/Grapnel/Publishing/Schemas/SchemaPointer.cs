using System.Globalization;
using System.Text.Json;

namespace Grapnel.Publishing.Schemas;

/// <summary>References within one document: <c>#</c> and a JSON Pointer (RFC 6901) in its form for URLs.</summary>
internal static class SchemaPointer
{
    public static bool TryResolve(JsonElement root, string reference, out JsonElement target)
    {
        target = root;
        if (reference == "#")
            return true;
        if (!reference.StartsWith("#/", StringComparison.Ordinal))
            return false;
        foreach (var step in Uri.UnescapeDataString(reference)[2..].Split('/'))
        {
            var name = step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (!TryStep(target, name, out target))
                return false;
        }
        return true;
    }

    private static bool TryStep(JsonElement from, string name, out JsonElement to)
    {
        to = default;
        if (from.ValueKind == JsonValueKind.Object)
            return from.TryGetProperty(name, out to);
        if (from.ValueKind != JsonValueKind.Array || !int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            || index >= from.GetArrayLength())
            return false;
        to = from[index];
        return true;
    }
}
