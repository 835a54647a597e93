using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Grapnel.Server.Auth;

/// <summary>Who may call a route. Every route carries one of these: what it says itself, or what <see cref="RouteRules"/> say about its pattern.</summary>
/// <param name="Right">What a caller must be allowed to do.</param>
/// <param name="ForApplications">Whether it is also for callers that speak for one application, and not only for those of the whole installation.</param>
internal sealed record RouteAccess(Rights Right, bool ForApplications)
{
    /// <summary>The part of a pattern that names an application.</summary>
    public const string ApplicationPart = "app";

    /// <summary>Where there is no route, every caller may hear so.</summary>
    public static readonly RouteAccess Nothing = new(Rights.None, ForApplications: true);

    // What holds for a route that nobody looked at.
    private static readonly RouteAccess Least = new(Rights.Manage, ForApplications: false);
    /// <summary>Open to all.</summary>
    public static readonly RouteAccess Everybody = Nothing with { Open = true };

    /// <summary>Open to all, without a key.</summary>
    public bool Open { get; init; }

    /// <summary>Networks from which no key is needed; null for none.</summary>
    public IReadOnlyList<IPNetwork>? OpenTo { get; init; }

    /// <summary>Whether it may change something that the audit log tells of; publishes do not.</summary>
    public bool Changes { get; init; } = true;

    /// <summary>Whether the path names an application.</summary>
    public bool HasApplication { get; init; }

    /// <summary>The application that the route works on although its path names none.</summary>
    public string? FixedApplication { get; init; }

    /// <summary>
    /// Whether a request needs no key. What a proxy passed on does: its address says where the proxy is, not who asks.
    /// </summary>
    public bool IsOpenTo(HttpContext http) =>
        Open || (OpenTo is not null && http.Connection.RemoteIpAddress is { } from && !ForwardedHeaders.Any(http.Request.Headers.ContainsKey) && IsWithin(OpenTo, from));

    private static readonly string[] ForwardedHeaders = ["Forwarded", "X-Forwarded-For", "X-Original-For", "Via"];

    private static bool IsWithin(IReadOnlyList<IPNetwork> networks, IPAddress from)
    {
        var address = from.IsIPv4MappedToIPv6 ? from.MapToIPv4() : from;
        return networks.Any(network => network.Contains(address));
    }

    /// <summary>The application that a request is about, by id or uid, or null.</summary>
    public string? ApplicationOf(HttpContext http) => HasApplication ? http.Request.RouteValues[ApplicationPart] as string : FixedApplication;

    /// <summary>The access of the route that a request met.</summary>
    public static RouteAccess Of(HttpContext http) => http.GetEndpoint() is { Metadata: var metadata }
        ? metadata.GetMetadata<RouteAccess>() ?? (metadata.GetMetadata<IAllowAnonymous>() is null ? Least : Everybody)
        : Nothing;

    /// <summary>Gives every route of a group the access that its pattern stands for, unless it says itself what it is.</summary>
    public static void AddTo(IEndpointConventionBuilder routes) => routes.Finally(builder =>
    {
        if (builder is RouteEndpointBuilder route && !route.Metadata.OfType<RouteAccess>().Any())
            route.Metadata.Add(Judge(route));
    });

    private static RouteAccess Judge(RouteEndpointBuilder route)
    {
        if (route.Metadata.OfType<IAllowAnonymous>().Any())
            return Everybody;
        var methods = route.Metadata.OfType<IHttpMethodMetadata>().LastOrDefault()?.HttpMethods ?? [];
        // A route that answers several methods is judged by the one that may do most; one that answers any, as if it changed something.
        var method = methods.FirstOrDefault(method => !IsSafe(method)) ?? methods.FirstOrDefault() ?? HttpMethods.Post;
        var path = "/" + string.Join('/', route.RoutePattern.PathSegments.Select(segment => string.Concat(segment.Parts.Select(Text))));
        return RouteRules.Judge(method, path) with { HasApplication = route.RoutePattern.GetParameter(ApplicationPart) is not null };
    }

    /// <summary>Whether a method only reads.</summary>
    public static bool IsSafe(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method);

    private static string Text(RoutePatternPart part) => part switch
    {
        RoutePatternLiteralPart literal => literal.Content,
        RoutePatternParameterPart { Name: ApplicationPart } => "{app}",
        _ => "*",
    };
}
