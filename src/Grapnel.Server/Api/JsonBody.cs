using System.Text.Json;
using System.Text.Unicode;

namespace Grapnel.Server.Api;

/// <summary>
/// A JSON object as a request body. Every reading method takes what holds so far and returns it when the field is absent: so one and the same
/// reading serves create, replace and patch, and tells absent from null. Fields of the wrong kind are collected, unknown ones are passed over.
/// A field may have several names, of which the first that is there and not null counts.
/// </summary>
internal sealed class JsonBody
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 64 };
    private readonly JsonElement _root;
    private readonly List<FieldError> _errors;
    private readonly string _path;

    private JsonBody(JsonElement root, List<FieldError> errors, string path) => (_root, _errors, _path) = (root, errors, path);

    /// <summary>Reads the body of a request.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    /// <exception cref="InvalidInputException">It is not an object.</exception>
    public static async Task<JsonBody> ReadAsync(HttpContext http, bool mayBeEmpty = false)
    {
        var bytes = await RequestBytes.ReadAsync(http.Request, int.MaxValue, http.RequestAborted);
        return Parse(bytes.Length == 0 && mayBeEmpty ? "{}"u8.ToArray() : bytes);
    }

    /// <summary>Reads a JSON object that is there already, with the same errors.</summary>
    public static JsonBody Parse(ReadOnlyMemory<byte> bytes)
    {
        // The parser looks into strings only when they are asked for, which would be too late for a clean answer.
        if (!Utf8.IsValid(bytes.Span))
            throw new JsonException("it is not UTF-8.");
        using var document = JsonDocument.Parse(bytes, Options);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            throw new InvalidInputException("", "The body must be a JSON object.");
        if (!HasTextNames(document.RootElement))
            throw new JsonException("a name in it is no text.");
        return new JsonBody(document.RootElement.Clone(), [], path: "");
    }

    public void ThrowIfAnyFault()
    {
        if (_errors.Count > 0)
            throw new InvalidInputException(_errors);
    }

    public string? Text(string? current, string name) => Read(current, [name], JsonValueKind.String, "a string or null", ToText);

    public string RequiredText(string current, string name) =>
        Read(current, [name], JsonValueKind.String, "a string", ToText, nullable: false)!;

    public bool Flag(bool current, string name)
    {
        if (!TryFind([name], out var value))
            return current;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return value.GetBoolean();
        return Fail(name, "true or false", current);
    }

    public int? Whole(int? current, params ReadOnlySpan<string> names) =>
        Read<int?>(current, names, JsonValueKind.Number, "a whole number or null", value => value.TryGetInt32(out var number) ? number : null);

    public TimeSpan? Seconds(TimeSpan? current, string name) =>
        Read<TimeSpan?>(current, [name], JsonValueKind.Number, "a number of seconds or null", value => ToDuration(value));

    public DateTimeOffset? Time(DateTimeOffset? current, string name) =>
        Read<DateTimeOffset?>(current, [name], JsonValueKind.String, "a time like 2026-01-31T12:00:00Z, or null",
            value => value.TryGetDateTimeOffset(out var time) ? time : null);

    public IReadOnlyList<string>? Texts(IReadOnlyList<string>? current, params ReadOnlySpan<string> names) =>
        Read(current, names, JsonValueKind.Array, "a list of strings or null", value => ToList(value, ToText));

    public IReadOnlyList<TimeSpan>? SecondsList(IReadOnlyList<TimeSpan>? current, string name) =>
        Read<IReadOnlyList<TimeSpan>>(current, [name], JsonValueKind.Array, "a list of seconds or null",
            value => ToList(value, ToDuration)?.Select(duration => duration!.Value).ToArray());

    public IReadOnlyDictionary<string, string> Map(IReadOnlyDictionary<string, string> current, string name) =>
        OptionalMap(current, name) ?? new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string>? OptionalMap(IReadOnlyDictionary<string, string>? current, string name) =>
        Read(current, [name], JsonValueKind.Object, "an object of strings", value =>
            ToMap(value)?.All(pair => pair.Value is not null) == true ? ToMap(value)!.ToDictionary(pair => pair.Key, pair => pair.Value!) : null);

    /// <summary>An object whose values are strings, or null for what is to go.</summary>
    public IReadOnlyDictionary<string, string?> Changes(string name) =>
        Read(new Dictionary<string, string?>(), [name], JsonValueKind.Object, "an object of strings and nulls", ToMap, nullable: false)!;

    public T Choice<T>(T current, string name) where T : struct, Enum =>
        Read<T?>(current, [name], JsonValueKind.String, "one of " + string.Join(", ", Enum.GetNames<T>().Select(Camel)),
            value => ToChoice<T>(ToText(value)),
            nullable: false)!.Value;

    /// <summary>An object within the object; what is wrong in it is told with the rest. Null when it is not there.</summary>
    public JsonBody? Object(string name) => Read<JsonBody>(
        null, [name], JsonValueKind.Object, "an object or null", value => HasTextNames(value) ? new JsonBody(value, _errors, $"{_path}{name}.") : null);

    /// <summary>The same, read into what it is; absent it stays as it is, and null unsets it.</summary>
    public T? Object<T>(T? current, string name, Func<JsonBody, T?> read) where T : class =>
        Object(name) is { } part ? read(part) : TryFind([name], out var value) && value.ValueKind == JsonValueKind.Null ? null : current;

    /// <summary>The JSON text of a value of any kind, as it stands in the body.</summary>
    public string? Raw(string? current, string name) =>
        !TryFind([name], out var value) ? current : value.ValueKind == JsonValueKind.Null ? null : value.GetRawText();

    private T? Read<T>(
        T? current, ReadOnlySpan<string> names, JsonValueKind kind, string form, Func<JsonElement, T?> convert, bool nullable = true)
    {
        if (!TryFind(names, out var value))
            return current;
        if (value.ValueKind == JsonValueKind.Null && nullable)
            return default;
        var read = value.ValueKind == kind ? convert(value) : default;
        return read is null ? Fail(names[0], form, current) : read;
    }

    private T Fail<T>(string name, string form, T current)
    {
        _errors.Add(new FieldError(_path + name, $"must be {form}"));
        return current;
    }

    // Looking for a name among others throws when one of them is no text.
    private static bool HasTextNames(JsonElement value) => value.EnumerateObject().All(member => NameOf(member) is not null);

    /// <summary>Null for a name that is no text: an escaped half of a surrogate pair.</summary>
    private static string? NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private bool TryFind(ReadOnlySpan<string> names, out JsonElement found)
    {
        found = default;
        var any = false;
        foreach (var name in names)
        {
            if (!_root.TryGetProperty(name, out var value) || (any && value.ValueKind == JsonValueKind.Null))
                continue;
            (found, any) = (value, true);
            if (value.ValueKind != JsonValueKind.Null)
                break;
        }
        return any;
    }

    /// <summary>Null also for text that is none: an escaped half of a surrogate pair.</summary>
    private static string? ToText(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    // By its name and nothing else: the parser also takes numbers, and several names as their sum.
    private static T? ToChoice<T>(string? text) where T : struct, Enum =>
        Enum.GetNames<T>().FirstOrDefault(name => name.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } name ? Enum.Parse<T>(name) : null;

    private static TimeSpan? ToDuration(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && Math.Abs(seconds) < 1e9
            ? TimeSpan.FromMilliseconds(Math.Round(seconds * 1000))
            : null;

    private static T[]? ToList<T>(JsonElement value, Func<JsonElement, T?> convert)
    {
        var items = value.EnumerateArray().Select(convert).ToArray();
        return items.Any(item => item is null) ? null : items as T[];
    }

    private static Dictionary<string, string?>? ToMap(JsonElement value)
    {
        var map = new Dictionary<string, string?>();
        foreach (var member in value.EnumerateObject())
        {
            var (name, text) = (NameOf(member), ToText(member.Value));
            if (name is null || (text is null && member.Value.ValueKind != JsonValueKind.Null))
                return null;
            map[name] = text;
        }
        return map;
    }

    private static string Camel(string name) => JsonNamingPolicy.CamelCase.ConvertName(name);
}
