using Grapnel.Server.Api;

namespace Grapnel.Server.Auth;

/// <summary>
/// Who may call what, on one page. Unless a rule says otherwise, a route below <c>/app/{app}</c> is also for the callers of that application,
/// any other for those of the whole installation only; GET reads, and whatever else is not named here needs the right to manage. Which routes
/// are not for the application itself follows Svix.
/// </summary>
internal static class RouteRules
{
    private const string V1 = GrapnelApi.Base;
    private const string App = V1 + "/app/{app}";
    private const string Trigger = "/trigger/*";
    private const string Logout = V1 + "/auth/logout";

    private static readonly string[] Publishing =
        [Trigger, App + "/msg", App + "/msg/batch", App + "/msg/precheck/active", V1 + "/broadcast", V1 + "/msg/broadcast"];

    /// <summary>What is done thousands of times a second, and changes nothing that the audit log tells of.</summary>
    private static readonly string[] Unaudited = [Trigger, App + "/msg", App + "/msg/batch"];

    private static readonly string[] Attempting = ["/resend", "/recover", "/replay-missing", "/bulk-replay", "/send-example"];

    /// <summary>For applications although not below <c>/app/{app}</c>.</summary>
    private static readonly string[] AlsoForApplications = ["GET " + V1 + "/event-type", "GET " + V1 + "/event-type/*", "POST " + Logout, "POST " + Trigger];

    /// <summary>Below <c>/app/{app}</c>, but not for the application.</summary>
    private static readonly string[] NotForApplications =
    [
        "PUT " + App, "PATCH " + App, "DELETE " + App,
        "POST " + App + "/endpoint/*/send-example",
        "DELETE " + App + "/msg/*/content", "DELETE " + App + "/msg/*/attempt/*/content",
        "POST " + App + "/msg/bulk-expunge", "POST " + App + "/msg/expunge-all-contents",
    ];

    /// <summary>Who may call a route.</summary>
    /// <param name="method">Its method.</param>
    /// <param name="path">Its pattern, with <c>{app}</c> for an application and <c>*</c> for any other parameter.</param>
    public static RouteAccess Judge(string method, string path)
    {
        var route = $"{method} {path}";
        var forApplications = AlsoForApplications.Contains(route) || (IsAt(path, App) && !NotForApplications.Contains(route));
        return new RouteAccess(RouteAccess.IsSafe(method) ? ToRead(path) : ToChange(path), forApplications)
        {
            Changes = !RouteAccess.IsSafe(method) && !Unaudited.Contains(path),
            FixedApplication = path == Trigger ? Application.DefaultUid : null,
        };
    }

    private static Rights ToRead(string path) => path switch
    {
        _ when IsAt(path, V1 + "/api-key") || IsAt(path, V1 + "/audit-log") => Rights.Manage,
        _ when path.EndsWith("/secret", StringComparison.Ordinal) => Rights.ReadSecrets,
        _ => Rights.Read,
    };

    private static Rights ToChange(string path) => path switch
    {
        // To end his own session, one needs nothing but to have one.
        Logout => Rights.None,
        _ when Publishing.Contains(path) => Rights.Publish,
        _ when Attempting.Any(end => path.EndsWith(end, StringComparison.Ordinal)) => Rights.CreateAttempts,
        _ when !IsAt(path, App + "/endpoint") => Rights.Manage,
        _ when path.EndsWith("/secret/rotate", StringComparison.Ordinal) => Rights.ManageSecrets,
        _ when path.Contains("/transformation", StringComparison.Ordinal) => Rights.ManageTransformations,
        _ => Rights.ManageEndpoints,
    };

    private static bool IsAt(string path, string parent) =>
        path.StartsWith(parent, StringComparison.Ordinal) && (path.Length == parent.Length || path[parent.Length] == '/');
}
