using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Grapnel.Server.Tests.Support;

/// <summary>The OpenAPI document of a server, and whether what the server does is what it says there.</summary>
internal sealed class ApiDocument
{
    private readonly JsonElement _root;
    private readonly List<(Regex Path, string Template, JsonElement Item)> _paths;

    public ApiDocument(string json)
    {
        _root = JsonDocument.Parse(json).RootElement;
        // Words before parameters: "/app/{app}/msg/batch" is meant before "/app/{app}/msg/{msg}".
        _paths = [.. _root.GetProperty("paths").EnumerateObject().OrderBy(path => path.Name.Count(c => c == '{'))
            .Select(path => (ToRegex(path.Name), path.Name, path.Value))];
    }

    /// <summary>The whole of it.</summary>
    public JsonElement Root => _root;

    /// <summary>Every operation, as method and path.</summary>
    public IEnumerable<(string Method, string Path, JsonElement Operation)> Operations =>
        _paths.SelectMany(path => path.Item.EnumerateObject().Select(operation => (operation.Name.ToUpperInvariant(), path.Template, operation.Value)));

    /// <summary>What an exchange does that the document does not say; null when there is no such operation.</summary>
    public List<string>? FaultsOf(string method, string path, int status, string? mediaType, string body)
    {
        if (Find(method, path) is not { } operation)
            return null;
        if (!operation.GetProperty("responses").TryGetProperty(status.ToString(CultureInfo.InvariantCulture), out var answer))
            return [$"status {status} is not in the document"];
        answer = Resolve(answer);
        if (!answer.TryGetProperty("content", out var content))
            return body.Length == 0 ? [] : ["an answer without a body has one"];
        if (!content.EnumerateObject().Any(kind => kind.Name == mediaType))
            return mediaType == "application/x-ndjson" ? [] : [$"the content type {mediaType} is not in the document"];
        var faults = new List<string>();
        if (content.GetProperty(mediaType!).TryGetProperty("schema", out var schema) && mediaType!.EndsWith("json", StringComparison.Ordinal) && mediaType != "application/x-ndjson")
            Check(schema, JsonDocument.Parse(body).RootElement, "", faults);
        return faults;
    }

    /// <summary>What a reference means, or the thing itself.</summary>
    public JsonElement Resolve(JsonElement thing) => thing.TryGetProperty("$ref", out var reference)
        ? reference.GetString()!.TrimStart('#', '/').Split('/').Aggregate(_root, (at, name) => at.GetProperty(name))
        : thing;

    /// <summary>Where a value does not fit a schema.</summary>
    public List<string> FaultsOf(JsonElement schema, JsonElement value)
    {
        var faults = new List<string>();
        Check(schema, value, "", faults);
        return faults;
    }

    private JsonElement? Find(string method, string path)
    {
        foreach (var (pattern, _, item) in _paths)
            if (pattern.IsMatch(path))
                return item.TryGetProperty(method.ToLowerInvariant(), out var operation) ? operation : null;
        return null;
    }

    private void Check(JsonElement schema, JsonElement value, string at, List<string> faults)
    {
        schema = Resolve(schema);
        if (schema.TryGetProperty("anyOf", out var choices) || schema.TryGetProperty("oneOf", out choices))
        {
            if (!choices.EnumerateArray().Any(choice => Fits(choice, value)))
                faults.Add($"{at} fits none of its schemas: {value}");
            return;
        }
        if (schema.TryGetProperty("type", out var type) && !TypesOf(type).Any(name => IsOf(name, value)))
            faults.Add($"{at} is no {type}: {value}");
        else if (schema.TryGetProperty("enum", out var words) && !words.EnumerateArray().Any(word => JsonElement.DeepEquals(word, value)))
            faults.Add($"{at} is none of {words}: {value}");
        else if (schema.TryGetProperty("format", out var format) && format.GetString() == "date-time" && value.ValueKind == JsonValueKind.String && !value.TryGetDateTimeOffset(out _))
            faults.Add($"{at} is no time: {value}");
        if (value.ValueKind == JsonValueKind.Object)
            CheckObject(schema, value, at, faults);
        if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out var items))
            foreach (var (index, item) in value.EnumerateArray().Index())
                Check(items, item, $"{at}[{index}]", faults);
    }

    private bool Fits(JsonElement schema, JsonElement value) => FaultsOf(schema, value).Count == 0;

    // Strict: what the document does not name must not be there, unless the document says nothing at all of its members.
    private void CheckObject(JsonElement schema, JsonElement value, string at, List<string> faults)
    {
        var known = schema.TryGetProperty("properties", out var properties);
        var open = schema.TryGetProperty("additionalProperties", out var others);
        foreach (var member in value.EnumerateObject())
        {
            if (known && properties.TryGetProperty(member.Name, out var property))
                Check(property, member.Value, $"{at}.{member.Name}", faults);
            else if (open && others.ValueKind == JsonValueKind.Object)
                Check(others, member.Value, $"{at}.{member.Name}", faults);
            else if (known)
                faults.Add($"{at}.{member.Name} is not in the document");
        }
        if (schema.TryGetProperty("required", out var required))
            faults.AddRange(required.EnumerateArray().Select(name => name.GetString()!).Where(name => !value.TryGetProperty(name, out _))
                .Select(name => $"{at}.{name} is missing"));
    }

    private static IEnumerable<string?> TypesOf(JsonElement type) =>
        type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().Select(name => name.GetString()) : [type.GetString()];

    private static bool IsOf(string? type, JsonElement value) => (type, value.ValueKind) switch
    {
        ("null", JsonValueKind.Null) or ("string", JsonValueKind.String) or ("object", JsonValueKind.Object) or ("array", JsonValueKind.Array)
            or ("boolean", JsonValueKind.True or JsonValueKind.False) or ("number", JsonValueKind.Number) => true,
        ("integer", JsonValueKind.Number) => value.TryGetInt64(out _),
        _ => false,
    };

    private static Regex ToRegex(string template) => new("^" + Regex.Replace(template, @"\{\w+\}", "[^/]+") + "/?$");
}

/// <summary>Holds every exchange of a client against the document: a test that goes through it also tests that the document is true.</summary>
internal sealed class DocumentCheck(Func<Task<ApiDocument>> document) : DelegatingHandler(new SocketsHttpHandler())
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        var mediaType = response.Content.Headers.ContentType?.MediaType;
        // A stream of events has no end to wait for.
        if (mediaType == "text/event-stream")
            return response;
        await response.Content.LoadIntoBufferAsync(cancellationToken);
        var faults = (await document()).FaultsOf(
            request.Method.Method, request.RequestUri!.AbsolutePath, (int)response.StatusCode, mediaType, await response.Content.ReadAsStringAsync(cancellationToken));
        (faults ?? []).ShouldBeEmpty($"{request.Method} {request.RequestUri.AbsolutePath} does what the OpenAPI document does not say");
        return response;
    }
}
