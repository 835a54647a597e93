using System.ComponentModel.DataAnnotations;

namespace Grapnel.Server.Api.Description;

internal static class AccessOperations
{
    private const string Tag = "Authentication";

    public static Operation AppPortalAccess { get; } = new(Tag, "app-portal-access", "Make a token for one application")
    {
        Details = "For the people of that application, to look after their own webhooks: it opens nothing else.",
        Body = RequestContent.Of<AppPortalAccessIn>("""{"expiry":3600}""") with { Required = false },
        Answers = [Answer.Ok<PortalAccessOut>("The token, and the address to send its owner to.")],
    };

    public static Operation DashboardAccess { get; } = AppPortalAccess with { Name = "dashboard-access", Summary = "The older name of app-portal-access", Deprecated = true };

    public static Operation Logout { get; } = new(Tag, "logout", "Revoke the token that this request is made with") { Answers = [Answer.NoContent()] };

    public static Operation ExpireAll { get; } = new(Tag, "expire-all", "Revoke the tokens of an application")
    {
        Body = RequestContent.Of<ApplicationTokenExpireIn>("""{"sessionIds":["alice"]}""") with { Required = false },
        Answers = [Answer.NoContent()],
    };
}

/// <summary>What a token for an application may do, and for how long.</summary>
internal sealed record AppPortalAccessIn
{
    /// <summary>The application to make when there is none of that uid, which must be the one in the path.</summary>
    public ApplicationIn? Application { get; init; }

    /// <summary>Whether it may only look. Default false.</summary>
    public bool? ReadOnly { get; init; }

    /// <summary>What it may do, in the words of Svix; null for everything that is open to tokens.</summary>
    public IReadOnlyList<string>? Capabilities { get; init; }

    /// <summary>The feature flags of event types that it may see.</summary>
    public IReadOnlyList<string>? FeatureFlags { get; init; }

    /// <summary>Seconds until it expires. Default 604800.</summary>
    [Range(3600, 604800)]
    public int? Expiry { get; init; }

    /// <summary>A word of your own to revoke it by.</summary>
    [MaxLength(64)]
    public string? SessionId { get; init; }
}

/// <summary>Which tokens to revoke, and when.</summary>
internal sealed record ApplicationTokenExpireIn
{
    /// <summary>Seconds from now; at once without it.</summary>
    [Range(0, 259200)]
    public int? Expiry { get; init; }

    /// <summary>Only those of these sessions.</summary>
    [MaxLength(1000)]
    public IReadOnlyList<string>? SessionIds { get; init; }
}
