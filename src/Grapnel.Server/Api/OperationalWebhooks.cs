namespace Grapnel.Server.Api;

/// <summary><c>/operational-webhook/endpoint</c>: the endpoints of the built-in application <see cref="Application.OperationalUid"/>, under a path without it.</summary>
internal static class OperationalWebhooks
{
    public const string Path = "/operational-webhook/endpoint";

    /// <summary>The heading in the OpenAPI document.</summary>
    public const string Tag = "Operational Webhook Endpoint";

    /// <summary>The application in the path; where the path has none, the operational one.</summary>
    public static string ApplicationOf(HttpContext http) => http.Request.RouteValues["app"] as string ?? Application.OperationalUid;
}
