using System.Text.Json;
using System.Text.Unicode;
using Grapnel.Publishing;

namespace Grapnel.Server.Api;

/// <summary>
/// The body of <c>POST …/msg</c>, read in one pass over its bytes. The payload is a slice of them, never parsed into anything and written
/// again, so it keeps its spacing, its number formats, its duplicate keys and its escapes.
/// </summary>
internal ref struct MessageBody
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = PublishRules.MaxDepth };
    private readonly byte[] _bytes;
    private Utf8JsonReader _reader;
    private List<FieldError>? _errors;
    private int? _days;
    private int? _hours;

    private MessageBody(byte[] bytes, Utf8JsonReader reader)
    {
        _bytes = bytes;
        _reader = reader;
    }

    /// <summary>Every field that is missing or of the wrong kind, or null.</summary>
    public readonly IReadOnlyList<FieldError>? Errors => _errors;

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
        var body = new MessageBody(bytes, Begin(bytes));
        body._reader.Read();
        if (body._reader.TokenType != JsonTokenType.StartObject)
            throw new InvalidInputException("", "The body must be a JSON object.");
        body.ReadObject();
        // What follows the object, if anything, makes the reader throw here.
        body._reader.Read();
        return body.Errors is { } errors ? throw new InvalidInputException(errors) : body;
    }

    /// <summary>Makes something of each message of a batch, which is a list of them, or an object that has one under <c>messages</c>.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    /// <exception cref="InvalidInputException">It is no list, or has too many entries. A message with faults of its own is told to <paramref name="take"/>.</exception>
    public static List<T> ReadMany<T>(byte[] bytes, int limit, Func<MessageBody, T> take)
    {
        var reader = Begin(bytes);
        var items = new List<T>();
        if (!FindListAmongNames(ref reader))
            throw new InvalidInputException("messages", "must be a list of messages");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var body = new MessageBody(bytes, reader);
            body.ReadItem();
            reader = body._reader;
            items.Add(items.Count < limit ? take(body) : throw BadCount(limit));
        }
        while (reader.Read())
            reader.TrySkip();
        return items.Count > 0 ? items : throw BadCount(limit);
    }

    private static InvalidInputException BadCount(int limit) => new("messages", $"must have 1 to {limit} entries");

    // For the InvalidOperationException of a reader that compares a name which is an escaped half of a surrogate pair.
    private static JsonException NoTextName() => new("a name in it is no text.");

    private static Utf8JsonReader Begin(byte[] bytes) =>
        Utf8.IsValid(bytes) ? new Utf8JsonReader(bytes, Options) : throw new JsonException("it is not UTF-8.");

    private static bool FindListAmongNames(ref Utf8JsonReader reader)
    {
        try
        {
            return FindList(ref reader);
        }
        catch (InvalidOperationException)
        {
            throw NoTextName();
        }
    }

    private static bool FindList(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            return reader.TokenType == JsonTokenType.StartArray;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals("messages"u8);
            reader.Read();
            if (found)
                return reader.TokenType == JsonTokenType.StartArray;
            reader.Skip();
        }
        return false;
    }

    private void ReadItem()
    {
        if (_reader.TokenType == JsonTokenType.StartObject)
            ReadObject();
        else
            FailAndSkip("", "must be a JSON object");
    }

    private void ReadObject()
    {
        try
        {
            while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
                ReadField();
        }
        catch (InvalidOperationException)
        {
            throw NoTextName();
        }
        // Wherever the id stands in a path, the event id will do: it must not look like one.
        if (EventId?.StartsWith(Message.IdPrefix, StringComparison.Ordinal) == true)
            Fail("eventId", $"must not start with '{Message.IdPrefix}'");
        Require("eventType", EventType is not null);
        Require("payload", Payload is not null);
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
