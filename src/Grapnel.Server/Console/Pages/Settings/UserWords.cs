namespace Grapnel.Server.Console.Pages.Settings;

/// <summary>Users in words.</summary>
internal static class UserWords
{
    public static string Role(UserRole role) => role switch
    {
        UserRole.Administrator => "Administrator",
        UserRole.Operator => "Operator",
        _ => "Viewer",
    };

    public static string May(UserRole role) => role switch
    {
        UserRole.Administrator => "Everything, API keys and users included.",
        UserRole.Operator => "Run webhooks: applications, endpoints and their secrets, event types, triggering, resending and replaying.",
        _ => "Look at everything but secrets.",
    };
}
