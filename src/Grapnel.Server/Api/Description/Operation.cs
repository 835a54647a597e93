using System.Text.Json.Nodes;

namespace Grapnel.Server.Api.Description;

/// <summary>
/// What a route tells about itself in the OpenAPI document. Its path parameters, the errors that any route may answer with, and the need for
/// a key are added for all routes alike.
/// </summary>
/// <param name="Tag">The heading that it stands under: its resource.</param>
/// <param name="Name">Its name within the resource; together they make the operation id, as Svix has it where Svix has the operation.</param>
/// <param name="Summary">What it does, in a line.</param>
internal sealed record Operation(string Tag, string Name, string Summary)
{
    /// <summary>More than a line, in Markdown; null when there is no more to say.</summary>
    public string? Details { get; init; }

    /// <summary>What the query may have.</summary>
    public IReadOnlyList<QueryParameter> Query { get; init; } = [];

    /// <summary>What the body is; null when there is none.</summary>
    public RequestContent? Body { get; init; }

    /// <summary>The answers when all goes well.</summary>
    public required IReadOnlyList<Answer> Answers { get; init; }

    /// <summary>Statuses of errors of its own, with their meanings. What any route may answer is added to them.</summary>
    public IReadOnlyDictionary<int, string> Errors { get; init; } = new Dictionary<int, string>();

    /// <summary>Whether it is there for older clients only.</summary>
    public bool Deprecated { get; init; }
}

/// <summary>A parameter in the query.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">The .NET type that its schema is made from.</param>
/// <param name="Meaning">What it does.</param>
internal sealed record QueryParameter(string Name, Type Type, string Meaning)
{
    /// <summary>What holds without it; null where there is no one value that says it.</summary>
    public JsonValue? Default { get; init; }

    /// <summary>The values that it may have; empty for any.</summary>
    public IReadOnlyList<JsonValue> Choices { get; init; } = [];

    /// <summary>The least and the greatest number that it may be, or null.</summary>
    public (int Least, int Greatest)? Range { get; init; }

    /// <summary>A parameter of a type.</summary>
    public static QueryParameter Of<T>(string name, string meaning) => new(name, typeof(T), meaning);

    /// <summary>True or false.</summary>
    public static QueryParameter Flag(string name, bool otherwise, string meaning) => Of<bool>(name, meaning) with { Default = JsonValue.Create(otherwise) };

    /// <summary>One of several words.</summary>
    public static QueryParameter Word(string name, string meaning, string? otherwise, params IEnumerable<string> choices) =>
        Of<string>(name, meaning) with { Default = otherwise is null ? null : JsonValue.Create(otherwise), Choices = [.. choices.Select(word => JsonValue.Create(word))] };

    /// <summary>One of several numbers.</summary>
    public static QueryParameter Number(string name, string meaning, params IEnumerable<int> choices) =>
        Of<int>(name, meaning) with { Choices = [.. choices.Select(number => JsonValue.Create(number))] };

    /// <summary>The parameters of every list.</summary>
    public static IReadOnlyList<QueryParameter> Page { get; } =
    [
        Of<int>("limit", "Most entries of a page.") with { Range = (1, QueryReader.MaxLimit), Default = JsonValue.Create(QueryReader.DefaultLimit) },
        Of<string>("iterator", "The `iterator` of a page for the one after it, its `prevIterator` for the one before it. Without it: the first page."),
    ];

    /// <summary>The parameters of a list whose order can be chosen.</summary>
    public static IReadOnlyList<QueryParameter> OrderedPage(string order) =>
        [.. Page, Word("order", "The order of the list.", order, "ascending", "descending")];
}

/// <summary>The body of a request.</summary>
/// <param name="Type">The record whose schema describes it; null for any bytes.</param>
/// <param name="Example">A body that a server accepts as it stands.</param>
internal sealed record RequestContent(Type? Type, string Example)
{
    /// <summary>Its content type.</summary>
    public string MediaType { get; init; } = JsonReply.MediaType;

    /// <summary>Whether it may not be left out.</summary>
    public bool Required { get; init; } = true;

    /// <summary>Another content type that is read, in a way of its own; null when there is none.</summary>
    public OtherContent? Other { get; init; }

    /// <summary>JSON as a record describes it.</summary>
    public static RequestContent Of<T>(string example) => new(typeof(T), example);
}

/// <summary>A body of another content type.</summary>
/// <param name="MediaType">The content type.</param>
/// <param name="Example">A body that a server accepts as it stands.</param>
internal sealed record OtherContent(string MediaType, string Example);

/// <summary>An answer.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Meaning">When it is given.</param>
/// <param name="Type">The record whose schema describes it; null for an answer without a body, or of another kind than JSON.</param>
internal sealed record Answer(int Status, string Meaning, Type? Type = null)
{
    /// <summary>Its content type.</summary>
    public string MediaType { get; init; } = JsonReply.MediaType;

    /// <summary>What it may look like, where that is not the example of its type.</summary>
    public string? Example { get; init; }

    public static Answer Ok<T>(string meaning = "As it is now.") => new(StatusCodes.Status200OK, meaning, typeof(T));

    public static Answer Created<T>(string meaning = "It has been made.") => new(StatusCodes.Status201Created, meaning, typeof(T));

    public static Answer Accepted<T>(string meaning) => new(StatusCodes.Status202Accepted, meaning, typeof(T));

    public static Answer NoContent(string meaning = "Done.") => new(StatusCodes.Status204NoContent, meaning);
}

internal static class Describing
{
    /// <summary>Describes a route in the OpenAPI document.</summary>
    public static TBuilder Describe<TBuilder>(this TBuilder route, Operation operation) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(operation);
}
