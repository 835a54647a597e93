using System.Text.Json;
using Grapnel.Receiving;
using Microsoft.AspNetCore.Routing;

// Where routes are mapped, so that it needs no using of its own.
namespace Microsoft.AspNetCore.Builder;

/// <summary>Routes that receive webhooks signed after Standard Webhooks.</summary>
/// <remarks>
/// What is answered: 204 when the webhook was handled, now or before; 400 when its headers or its JSON are not to be understood; 401 when no signature fits, or
/// its time is too far off; 413 when it is too long; 500 when the handler threw. A webhook that was not answered with 204 is not remembered.
/// </remarks>
public static class WebhookRoutes
{
    /// <summary>Maps a route for POST whose handler gets every webhook once.</summary>
    /// <param name="routes">The application.</param>
    /// <param name="pattern">The path.</param>
    /// <param name="secret">The endpoint's secret, <c>whsec_...</c>.</param>
    /// <param name="handler">Handles a webhook. It goes on when the sender hangs up meanwhile: the sender tries again, and is told that it was handled.</param>
    /// <exception cref="ArgumentException">The secret is none.</exception>
    public static IEndpointConventionBuilder MapWebhook(this IEndpointRouteBuilder routes, string pattern, string secret, Func<Webhook, Task> handler) =>
        routes.MapWebhook(pattern, new WebhookReceiverOptions { Secrets = [secret] }, handler);

    /// <summary>Maps a route for POST whose handler gets every webhook once.</summary>
    /// <param name="routes">The application.</param>
    /// <param name="pattern">The path.</param>
    /// <param name="options">How they are received. Read once, here.</param>
    /// <param name="handler">Handles a webhook. It goes on when the sender hangs up meanwhile: the sender tries again, and is told that it was handled.</param>
    /// <exception cref="ArgumentException">The options have no secret, or something that is none.</exception>
    public static IEndpointConventionBuilder MapWebhook(
        this IEndpointRouteBuilder routes, string pattern, WebhookReceiverOptions options, Func<Webhook, Task> handler)
    {
        ArgumentNullException.ThrowIfNull(routes);
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(handler);
        return routes.MapPost(pattern, new WebhookReceiver(pattern, options, handler, routes.ServiceProvider).ReceiveAsync);
    }

    /// <summary>Maps a route for POST whose handler gets every webhook once, its body read as JSON.</summary>
    /// <typeparam name="T">What the body is. A body that is not, or is null, is answered with 400.</typeparam>
    /// <param name="routes">The application.</param>
    /// <param name="pattern">The path.</param>
    /// <param name="secret">The endpoint's secret, <c>whsec_...</c>.</param>
    /// <param name="handler">Handles a webhook.</param>
    /// <exception cref="ArgumentException">The secret is none.</exception>
    public static IEndpointConventionBuilder MapWebhook<T>(this IEndpointRouteBuilder routes, string pattern, string secret, Func<T, Webhook, Task> handler) =>
        routes.MapWebhook(pattern, new WebhookReceiverOptions { Secrets = [secret] }, handler);

    /// <summary>Maps a route for POST whose handler gets every webhook once, its body read as JSON.</summary>
    /// <typeparam name="T">What the body is. A body that is not, or is null, is answered with 400.</typeparam>
    /// <param name="routes">The application.</param>
    /// <param name="pattern">The path.</param>
    /// <param name="options">How they are received. Read once, here.</param>
    /// <param name="handler">Handles a webhook.</param>
    /// <exception cref="ArgumentException">The options have no secret, or something that is none.</exception>
    public static IEndpointConventionBuilder MapWebhook<T>(
        this IEndpointRouteBuilder routes, string pattern, WebhookReceiverOptions options, Func<T, Webhook, Task> handler)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(handler);
        return routes.MapWebhook(pattern, options, webhook => handler(Read<T>(webhook, options.Json), webhook));
    }

    private static T Read<T>(Webhook webhook, JsonSerializerOptions json)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(webhook.Body.Span, json) ?? throw new JsonException("It is null.");
        }
        catch (JsonException unreadable)
        {
            throw new JsonBodyException(unreadable);
        }
    }
}
