using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;

namespace Grapnel.Server.Api.Description;

internal static class EventTypeOperations
{
    private const string Tag = "Event Type";
    private const string Fields = """
        "description":"An order was placed","groupName":"orders","schemas":{"1":{"type":"object","required":["id"],"properties":{"id":{"type":"string"}},"examples":[{"id":"A-1"}]}}
        """;

    public static Operation Create { get; } = new(Tag, "create", "Register an event type")
    {
        Details = "One of that name that is archived comes back, with the new content.",
        Body = RequestContent.Of<EventTypeIn>("{\"name\":\"order.placed\"," + Fields + "}"),
        Answers = [Answer.Created<EventTypeOut>()],
    };

    public static Operation List { get; } = new(Tag, "list", "List event types by name")
    {
        Query =
        [
            .. QueryParameter.OrderedPage("ascending"),
            QueryParameter.Flag("include_archived", false, "Whether archived ones are listed too."),
            QueryParameter.Flag("with_content", false, "Whether `schemas` are told."),
        ],
        Answers = [Answer.Ok<ListOut<EventTypeOut>>("A page. Its order is always by name.")],
    };

    public static Operation Get { get; } = new(Tag, "get", "Get an event type") { Answers = [Answer.Ok<EventTypeOut>()] };

    public static Operation Put { get; } = new(Tag, "upsert", "Replace an event type, or register it")
    {
        Body = RequestContent.Of<EventTypePatch>("{" + Fields + "}"),
        Answers = [Answer.Ok<EventTypeOut>(), Answer.Created<EventTypeOut>("There was none.")],
    };

    public static Operation Patch { get; } = new(Tag, "patch", "Change fields of an event type")
    {
        Details = "What is absent stays; null unsets.",
        Body = RequestContent.Of<EventTypePatch>("""{"deprecated":true}"""),
        Answers = [Answer.Ok<EventTypeOut>()],
    };

    public static Operation Import { get; } = new(Tag, "import-openapi", "Register the webhooks of an OpenAPI document")
    {
        Details = "Those under `webhooks` and `x-webhooks`, with their schemas. Event types of the same name are replaced.",
        Body = RequestContent.Of<ImportIn>("""{"specRaw":"openapi: 3.1.0\ninfo: {title: Shop, version: '1'}\nwebhooks:\n  order.shipped:\n    post: {description: An order left}\n","dryRun":true}"""),
        Answers = [Answer.Ok<ImportOut>("What was, or would be, changed.")],
    };

    public static Operation Delete { get; } = new(Tag, "delete", "Archive an event type")
    {
        Details = "Archived, it keeps its name and history, but nobody can subscribe to it any more, and `/trigger` refuses it. The message API still takes messages of the type.",
        Query = [QueryParameter.Flag("expunge", false, "Delete it for good instead.")],
        Answers = [Answer.NoContent()],
    };
}

/// <summary>An event type to register.</summary>
internal record EventTypeIn : EventTypePatch
{
    /// <summary>Its name and key, for example <c>order.placed</c>.</summary>
    [RegularExpression(Formats.Key)]
    public new required string Name { get; init; }

    /// <summary>What it means, for people.</summary>
    [MaxLength(4096)]
    public new required string Description { get; init; }
}

/// <summary>What may be changed of an event type.</summary>
internal record EventTypePatch
{
    /// <summary>Its name, which does not change: the one in the path counts.</summary>
    public string? Name { get; init; }

    /// <summary>What it means, for people.</summary>
    [MaxLength(4096)]
    public string? Description { get; init; }

    /// <summary>Hidden from lists and closed for new subscriptions. Default false.</summary>
    public bool? Archived { get; init; }

    /// <summary>On its way out; no effect on delivery. Default false.</summary>
    public bool? Deprecated { get; init; }

    /// <summary>An object from version to JSON Schema.</summary>
    public JsonObject? Schemas { get; init; }

    /// <summary>What happens to a payload that does not fit the newest schema: <c>off</c> nothing, <c>warn</c> the answer says so, <c>enforce</c> it is refused. Default <c>off</c>.</summary>
    [AllowedValues("off", "warn", "enforce")]
    public string? SchemaValidation { get; init; }

    /// <summary>Flags of which an application token needs one to see the type; null shows it to all.</summary>
    public IReadOnlyList<string>? FeatureFlags { get; init; }

    /// <summary>The older form of <c>featureFlags</c>: a single one.</summary>
    [Obsolete("Use featureFlags.")]
    public string? FeatureFlag { get; init; }

    /// <summary>A heading to list it under.</summary>
    [RegularExpression(Formats.Key)]
    public string? GroupName { get; init; }
}

/// <summary>An OpenAPI document to import.</summary>
internal sealed record ImportIn
{
    /// <summary>The document as JSON; either this or <c>specRaw</c>.</summary>
    public JsonObject? Spec { get; init; }

    /// <summary>The document as text, JSON or YAML.</summary>
    public string? SpecRaw { get; init; }

    /// <summary>Tell what would be changed, and change nothing. Default false.</summary>
    public bool? DryRun { get; init; }

    /// <summary>Archive event types that are not in the document. Default false.</summary>
    public bool? ReplaceAll { get; init; }
}
