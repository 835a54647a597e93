using System.ComponentModel.DataAnnotations;

namespace Grapnel.Server.Api.Description;

internal static class KeyOperations
{
    private const string Tag = "Api Key";

    public static Operation Create { get; } = new(Tag, "create", "Make an API key")
    {
        Details = "The answer is the only place where the key is ever shown.",
        Body = RequestContent.Of<ApiKeyIn>("""{"name":"CI","scope":"publish"}"""),
        Answers = [Answer.Created<NewApiKeyOut>()],
    };

    public static Operation List { get; } = new(Tag, "list", "List API keys, revoked ones included, the oldest first")
    {
        Query = QueryParameter.OrderedPage("ascending"),
        Answers = [Answer.Ok<ListOut<ApiKeyOut>>("A page.")],
    };

    public static Operation Get { get; } = new(Tag, "get", "Get an API key, without the key itself") { Answers = [Answer.Ok<ApiKeyOut>()] };

    public static Operation Patch { get; } = new(Tag, "patch", "Rename an API key, or change when it expires")
    {
        Body = RequestContent.Of<ApiKeyPatch>("""{"name":"CI, east"}"""),
        Answers = [Answer.Ok<ApiKeyOut>()],
    };

    public static Operation RotateKeyRing { get; } = new("Key Ring", "rotate", "Make a new key for secrets at rest")
    {
        Details = "All secrets that are stored are sealed with it before this is answered. Older keys stay in the ring: backups and people who are signed in need them.",
        Answers = [Answer.Ok<KeyRingRotatedOut>()],
    };

    public static Operation Revoke { get; } = new(Tag, "revoke", "Revoke an API key, at once and for good")
    {
        Answers = [Answer.NoContent()],
        Errors = new Dictionary<int, string> { [409] = "The request is made with that very key." },
    };
}

/// <summary>A key to make.</summary>
internal sealed record ApiKeyIn
{
    /// <summary>What it is for, for people.</summary>
    [MinLength(1), MaxLength(1024)]
    public required string Name { get; init; }

    /// <summary>What it may do: <c>full</c>, <c>publish</c> messages and nothing else, or <c>read</c>. Default <c>full</c>.</summary>
    [AllowedValues("full", "publish", "read")]
    public string? Scope { get; init; }

    /// <summary>The id or uid of the one application that it is for; null for all.</summary>
    public string? Application { get; init; }

    /// <summary>When it stops working by itself; null for never.</summary>
    public DateTime? ExpiresAt { get; init; }
}

/// <summary>What may be changed of a key.</summary>
internal sealed record ApiKeyPatch
{
    /// <summary>What it is for, for people.</summary>
    [MinLength(1), MaxLength(1024)]
    public string? Name { get; init; }

    /// <summary>When it stops working by itself; null for never.</summary>
    public DateTime? ExpiresAt { get; init; }
}
