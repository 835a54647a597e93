using System.Text.Json;
using System.Text.Unicode;

namespace Grapnel.Server.Api;

/// <summary>
/// The body of <c>POST …/msg</c>, read in one pass over its bytes. The payload is a slice of them, never parsed into anything and written
/// again, so it keeps its spacing, its number formats, its duplicate keys and its escapes.
/// </summary>
internal ref struct MessageBody
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 512 };
    private readonly byte[] _bytes;
    private Utf8JsonReader _reader;
    private List<FieldError>? _errors;
    private int? _days;
    private int? _hours;

    private MessageBody(byte[] bytes)
    {
        _bytes = bytes;
        _reader = new Utf8JsonReader(bytes, Options);
    }

    public string? EventType { get; private set; }

    public string? EventId { get; private set; }

    public IReadOnlyList<string>? Channels { get; private set; }

    public IReadOnlyList<string>? Tags { get; private set; }

    public DateTimeOffset? DeliverAt { get; private set; }

    /// <summary>How long to keep the payload: <c>payloadRetentionHours</c>, else <c>payloadRetentionPeriod</c> in days.</summary>
    public readonly TimeSpan? Retention => _hours is { } hours ? TimeSpan.FromHours(hours) : _days is { } days ? TimeSpan.FromDays(days) : null;

    /// <summary>The JSON of an application to make if it is missing.</summary>
    public ReadOnlyMemory<byte>? Application { get; private set; }

    public ReadOnlyMemory<byte>? Payload { get; private set; }

    public ReadOnlyMemory<byte>? RawPayload { get; private set; }

    public string? RawContentType { get; private set; }

    /// <summary>Reads the whole body.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    /// <exception cref="InvalidInputException">Fields are missing or of the wrong kind; tells all of them.</exception>
    public static MessageBody Read(byte[] bytes)
    {
        if (!Utf8.IsValid(bytes))
            throw new JsonException("it is not UTF-8.");
        var body = new MessageBody(bytes);
        try
        {
            body.Read();
        }
        catch (InvalidOperationException)
        {
            // What the reader throws when it compares a name that is an escaped half of a surrogate pair.
            throw new JsonException("a name in it is no text.");
        }
        return body;
    }

    private void Read()
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartObject)
            throw new InvalidInputException("", "The body must be a JSON object.");
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
            ReadField();
        // What follows the object, if anything, makes the reader throw here.
        _reader.Read();
        Require("eventType", EventType is not null);
        Require("payload", Payload is not null);
        if (_errors is not null)
            throw new InvalidInputException(_errors);
    }

    private void ReadField()
    {
        if (_reader.ValueTextEquals("payload"u8) || _reader.ValueTextEquals("data"u8))
            ReadPayload();
        else if (_reader.ValueTextEquals("eventType"u8))
            EventType = ReadText("eventType");
        else if (_reader.ValueTextEquals("eventId"u8))
            EventId = ReadText("eventId");
        else if (_reader.ValueTextEquals("channels"u8))
            Channels = ReadTexts("channels");
        else if (_reader.ValueTextEquals("tags"u8))
            Tags = ReadTexts("tags");
        else if (_reader.ValueTextEquals("deliverAt"u8))
            DeliverAt = ReadTime("deliverAt");
        else if (_reader.ValueTextEquals("payloadRetentionPeriod"u8))
            _days = ReadWhole("payloadRetentionPeriod", 90);
        else if (_reader.ValueTextEquals("payloadRetentionHours"u8))
            _hours = ReadWhole("payloadRetentionHours", 90 * 24);
        else if (_reader.ValueTextEquals("application"u8))
            Application = ReadObject("application");
        else if (_reader.ValueTextEquals("transformationsParams"u8))
            ReadTransformations();
        else
            _reader.Skip();
    }

    private void ReadPayload()
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartObject)
            Fail("payload", "must be a JSON object");
        var start = (int)_reader.TokenStartIndex;
        _reader.Skip();
        Payload = _bytes.AsMemory(start..(int)_reader.BytesConsumed);
    }

    private ReadOnlyMemory<byte>? ReadObject(string field)
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.Null)
            return null;
        if (_reader.TokenType != JsonTokenType.StartObject)
            Fail(field, "must be a JSON object or null");
        var start = (int)_reader.TokenStartIndex;
        _reader.Skip();
        return _bytes.AsMemory(start..(int)_reader.BytesConsumed);
    }

    private int? ReadWhole(string field, int most)
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.Number && _reader.TryGetInt32(out var number) && number >= 1 && number <= most)
            return number;
        if (_reader.TokenType != JsonTokenType.Null)
            FailAndSkip(field, $"must be a whole number between 1 and {most}");
        return null;
    }

    private string? ReadText(string field)
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.String && TryGetText(out var text))
            return text;
        if (_reader.TokenType != JsonTokenType.Null)
            FailAndSkip(field, "must be a string");
        return null;
    }

    private List<string>? ReadTexts(string field)
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.Null)
            return null;
        if (_reader.TokenType != JsonTokenType.StartArray)
        {
            FailAndSkip(field, "must be a list of strings or null");
            return null;
        }
        var texts = new List<string>(capacity: 1);
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
            if (_reader.TokenType == JsonTokenType.String && TryGetText(out var text))
                texts.Add(text);
            else
                FailAndSkip($"{field}.{texts.Count}", "must be a string");
        return texts;
    }

    private DateTimeOffset? ReadTime(string field)
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.String && _reader.TryGetDateTimeOffset(out var time))
            return time;
        if (_reader.TokenType != JsonTokenType.Null)
            FailAndSkip(field, "must be a time like 2026-01-31T12:00:00Z");
        return null;
    }

    /// <summary><c>{"rawPayload": "…", "headers": {"content-type": "…"}}</c>, as the helpers of the Svix clients write it.</summary>
    private void ReadTransformations()
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            if (_reader.TokenType != JsonTokenType.Null)
                FailAndSkip("transformationsParams", "must be an object");
            return;
        }
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            if (_reader.ValueTextEquals("rawPayload"u8))
                ReadRawPayload();
            else if (_reader.ValueTextEquals("headers"u8))
                ReadRawHeaders();
            else
                _reader.Skip();
        }
    }

    private void ReadRawPayload()
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.Null)
            return;
        if (_reader.TokenType != JsonTokenType.String || !TryCopyText(out var bytes))
            FailAndSkip("transformationsParams.rawPayload", "must be a string");
        else
            RawPayload = bytes;
    }

    private void ReadRawHeaders()
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            _reader.Skip();
            return;
        }
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            if (TryGetText(out var name) && name.Equals("content-type", StringComparison.OrdinalIgnoreCase))
                RawContentType = ReadText("transformationsParams.headers.content-type");
            else
                _reader.Skip();
        }
    }

    /// <summary>False for text that is none: an escaped half of a surrogate pair.</summary>
    private readonly bool TryGetText(out string text)
    {
        try
        {
            text = _reader.GetString()!;
            return true;
        }
        catch (InvalidOperationException)
        {
            text = "";
            return false;
        }
    }

    private readonly bool TryCopyText(out ReadOnlyMemory<byte> bytes)
    {
        try
        {
            var buffer = new byte[_reader.ValueSpan.Length];
            bytes = buffer.AsMemory(0, _reader.CopyString(buffer));
            return true;
        }
        catch (InvalidOperationException)
        {
            bytes = default;
            return false;
        }
    }

    private void Require(string field, bool given)
    {
        if (!given && _errors?.Exists(error => error.Field == field) != true)
            Fail(field, "is required");
    }

    private void FailAndSkip(string field, string message)
    {
        Fail(field, message);
        _reader.Skip();
    }

    private void Fail(string field, string message) => (_errors ??= []).Add(new FieldError(field, message));
}
