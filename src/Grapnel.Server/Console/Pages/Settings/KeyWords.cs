using Grapnel.Server.Console.Shared;
using MudBlazor;

namespace Grapnel.Server.Console.Pages.Settings;

/// <summary>API keys in words.</summary>
internal static class KeyWords
{
    public static string Scope(ApiKeyScope scope) => scope switch
    {
        ApiKeyScope.Full => "everything",
        ApiKeyScope.Publish => "publish only",
        ApiKeyScope.Read => "read only",
        _ => scope.ToString(),
    };

    public static string State(ApiKey key, DateTimeOffset now) => key switch
    {
        { RevokedAt: not null } => "Revoked",
        { ExpiresAt: { } at } when at <= now => "Expired",
        _ => "Works",
    };

    public static StateKind Kind(ApiKey key, DateTimeOffset now) => State(key, now) == "Works" ? StateKind.Good : StateKind.Calm;

    public static string? Icon(ApiKey key, DateTimeOffset now) => State(key, now) == "Works" ? null : Icons.Material.Outlined.Block;
}
