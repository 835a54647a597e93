using System.ComponentModel.DataAnnotations;

namespace Grapnel.Server.Api.Description;

internal static class ApplicationOperations
{
    private const string Tag = "Application";
    private const string Example = """{"name":"Acme","uid":"acme","throttleRate":100,"metadata":{"plan":"gold"}}""";

    public static Operation Create { get; } = new(Tag, "create", "Create an application")
    {
        Query = [QueryParameter.Flag("get_if_exists", false, "Answer with the application of that `uid`, if there is one, instead of 409.")],
        Body = RequestContent.Of<ApplicationIn>(Example),
        Answers = [Answer.Created<ApplicationOut>(), Answer.Ok<ApplicationOut>("It was there already (`get_if_exists`).")],
    };

    public static Operation List { get; } = new(Tag, "list", "List applications, in the order of their making")
    {
        Query = QueryParameter.OrderedPage("ascending"),
        Answers = [Answer.Ok<ListOut<ApplicationOut>>("A page.")],
    };

    public static Operation Get { get; } = new(Tag, "get", "Get an application") { Answers = [Answer.Ok<ApplicationOut>()] };

    public static Operation Put { get; } = new(Tag, "upsert", "Replace an application, or create it")
    {
        Body = RequestContent.Of<ApplicationIn>("""{"name":"Acme Europe","uid":"acme-europe"}"""),
        Answers = [Answer.Ok<ApplicationOut>(), Answer.Created<ApplicationOut>("There was none; it has been made, with the `uid` of the body.")],
    };

    public static Operation Patch { get; } = new(Tag, "patch", "Change fields of an application")
    {
        Details = "What is absent stays; null unsets.",
        Body = RequestContent.Of<ApplicationPatch>("""{"name":"Acme Inc.","throttleRate":null}"""),
        Answers = [Answer.Ok<ApplicationOut>()],
    };

    public static Operation Delete { get; } = new(Tag, "delete", "Delete an application with its endpoints and schedules")
    {
        Details = """
            What is pending for it ends. Its messages stay until their retention is over, unless they are to be erased: then a background task removes all that is
            remembered of it. An application that was deleted before can be erased by its id.
            """,
        Query = [QueryParameter.Flag("erase", false, "Erase what is remembered of it, too: messages, attempts, figures, entries of the audit log.")],
        Answers = [Answer.NoContent(), Answer.Accepted<BackgroundTaskOut>("It is deleted, and being erased (`erase`).")],
        Errors = new Dictionary<int, string> { [409] = "It is built in: `default` or `operational`." },
    };
}

/// <summary>An application to make.</summary>
internal record ApplicationIn : ApplicationPatch
{
    /// <summary>A name for people.</summary>
    [MinLength(1), MaxLength(1024)]
    public new required string Name { get; init; }
}

/// <summary>What may be changed of an application.</summary>
internal record ApplicationPatch
{
    /// <summary>A name for people.</summary>
    [MinLength(1), MaxLength(1024)]
    public string? Name { get; init; }

    /// <summary>An identifier of your own, unique among applications, which must not start with <c>app_</c>; works wherever the id does.</summary>
    [RegularExpression(Formats.Key)]
    public string? Uid { get; init; }

    /// <summary>Attempts per second that its endpoints share in turn, at all nodes together; null for no limit.</summary>
    [Range(1, 65535)]
    public int? ThrottleRate { get; init; }

    /// <summary>The older name of <c>throttleRate</c>.</summary>
    [Range(1, 65535)]
    [Obsolete("Use throttleRate.")]
    public int? RateLimit { get; init; }

    /// <summary>Free string pairs, at most 4,096 bytes as JSON.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

internal static class Formats
{
    /// <summary>A uid, an event id, the name of an event type.</summary>
    public const string Key = "^[a-zA-Z0-9\\-_.]{1,256}$";
}
