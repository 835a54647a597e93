using System.Text.Encodings.Web;
using System.Text.Json;
using Grapnel.Publishing;

namespace Grapnel.Registry;

/// <summary>Collects what is wrong with an input, so that the caller hears of every field at fault at once.</summary>
internal sealed class InputCheck
{
    public const int MaxMetadataBytes = 4096;
    private readonly List<FieldError> _errors = [];

    /// <summary>What is wrong so far.</summary>
    public IReadOnlyList<FieldError> Errors => _errors;

    /// <summary>Notes an error, if there is one.</summary>
    public void Add(string field, string? message)
    {
        if (message is not null)
            _errors.Add(new FieldError(field, message));
    }

    public void Add(IEnumerable<FieldError> errors) => _errors.AddRange(errors);

    public void ThrowIfAny()
    {
        if (_errors.Count > 0)
            throw new InvalidInputException(_errors);
    }

    public void Name(string field, string? value)
    {
        if (string.IsNullOrEmpty(value))
            Add(field, "is required and must have at least 1 character");
        else
            Text(field, value, 1024);
    }

    public void Text(string field, string value, int maxLength)
    {
        if (value.Length > maxLength)
            Add(field, $"must have at most {maxLength} characters");
        else if (value.Any(c => char.IsControl(c) && c is not '\n' and not '\r' and not '\t'))
            Add(field, "must not contain control characters");
    }

    /// <summary>An identifier that the operator chose: an event type, a channel, an event id.</summary>
    public void Key(string field, string? value)
    {
        if (!IsKey(value))
            Add(field, "must have 1 to 256 characters out of letters, digits, '-', '_' and '.'");
    }

    /// <summary>A uid: like a key, and never to be mistaken for an id.</summary>
    public void Uid<T>(string? value) where T : IIdentified
    {
        if (value is null)
            return;
        if (value.StartsWith(T.IdPrefix, StringComparison.Ordinal))
            Add("uid", $"must not start with '{T.IdPrefix}'");
        else
            Key("uid", value);
    }

    public void Range(string field, int? value, int min, int max)
    {
        if (value < min || value > max)
            Add(field, $"must lie between {min} and {max}");
    }

    public void Metadata(IReadOnlyDictionary<string, string> value)
    {
        if (value.Count == 0)
            return;
        var bytes = 1 + value.Sum(pair => EncodedLength(pair.Key) + EncodedLength(pair.Value) + 2);
        if (bytes > MaxMetadataBytes)
            Add("metadata", $"must have at most {MaxMetadataBytes} bytes as JSON, but has {bytes}");
    }

    public static bool IsKey(string? value) => PublishRules.IsName(value);

    private static int EncodedLength(string text) => 2 + JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes.Length;
}
