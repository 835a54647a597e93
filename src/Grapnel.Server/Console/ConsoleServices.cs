using Grapnel.Server.Api;
using Grapnel.Server.Auth;
using Grapnel.Server.Auth.Users;
using Grapnel.Server.Console.Pages.Messages;
using Grapnel.Server.Console.Pages.Search;
using Grapnel.Server.Console.Portal;
using Grapnel.Storage;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server.Circuits;
using MudBlazor.Services;

namespace Grapnel.Server.Console;

/// <summary>Registers the console and puts it at the root of the server.</summary>
internal static class ConsoleServices
{
    // A page whose connection was lost keeps its state for so long.
    private static readonly TimeSpan CircuitsAreKept = TimeSpan.FromMinutes(2);
    private const int CircuitsKept = 50;

    // A payload as large as a message may be by default, with every other character escaped on its way from the editor.
    private const int MostTyped = (2 << 20) + (64 << 10);

    public static IServiceCollection AddGrapnelConsole(this IServiceCollection services)
    {
        services.AddGrapnelUsers();
        services.AddRazorComponents().AddInteractiveServerComponents(circuits =>
        {
            circuits.DisconnectedCircuitRetentionPeriod = CircuitsAreKept;
            circuits.DisconnectedCircuitMaxRetained = CircuitsKept;
        }).AddHubOptions(hub => hub.MaximumReceiveMessageSize = MostTyped);
        services.AddMudServices(mud =>
        {
            mud.SnackbarConfiguration.PositionClass = MudBlazor.Defaults.Classes.Position.BottomRight;
            mud.SnackbarConfiguration.PreventDuplicates = true;
        });
        services.AddCascadingAuthenticationState();
        services.AddScoped<AuthenticationStateProvider, StampChecks>();
        services.AddScoped<Viewer>().AddScoped<Acts>().AddScoped<Ask>().AddScoped<VisibleEventTypes>().AddScoped<MessageFinder>()
            .AddScoped<Seeker>().AddScoped<CircuitHandler, ActorOfCircuit>();
        // Who may frame a page is said once, in its Content-Security-Policy: the older header knows no list of origins.
        services.Configure<AntiforgeryOptions>(antiforgery => antiforgery.SuppressXFrameOptionsHeader = true);
        return services.AddSingleton<ConsoleAssets>().AddSingleton<PortalSession>().AddSingleton<PortalDoor>().AddSingleton<PortalLook>()
            .AddSingleton<Pages.Welcome.FirstWebhook>();
    }

    public static void MapGrapnelConsole(this WebApplication app)
    {
        if (!app.Services.GetRequiredService<ConsoleOptions>().Enabled || !app.Services.GetRequiredService<NodeOptions>().Roles.HasFlag(NodeRoles.Console))
            return;
        app.Services.GetRequiredService<ConsoleAssets>().Map(app);
        app.Services.GetRequiredService<PortalLook>().Map(app);
        app.Services.GetRequiredService<PortalDoor>().Map(app);
        AccountForms.Map(app);
        app.MapRazorComponents<App>()
            .AddInteractiveServerRenderMode(circuits => circuits.ContentSecurityFrameAncestorsPolicy = null)
            .RequireAuthorization()
            .WithMetadata(ConsoleRoute.Instance, RouteAccess.Everybody)
            .Add(OpenToPortals);
    }

    // People in a portal are signed in nowhere: see PortalGate, which judges these in the place of the rules for the console.
    private static void OpenToPortals(EndpointBuilder builder)
    {
        if (builder is RouteEndpointBuilder { RoutePattern.RawText: { } pattern } && ("/" + pattern.TrimStart('/')).StartsWith(PortalGate.Connection, StringComparison.Ordinal))
            builder.Metadata.Add(new AllowAnonymousAttribute());
    }

    /// <summary>What only pages need. The API has its own gate, and pays for none of this.</summary>
    public static void UseGrapnelConsole(this WebApplication app)
    {
        // Where their services are there, the host puts these two in front of everything, unless it is told that somebody has seen to it.
        foreach (var middleware in (string[])["Authentication", "Authorization"])
            ((IApplicationBuilder)app).Properties[$"__{middleware}MiddlewareSet"] = true;
        app.UseWhen(http => http.GetEndpoint()?.Metadata.GetMetadata<ConsoleRoute>() is not null, pages =>
        {
            pages.UseMiddleware<PageHeaders>();
            // Not by each cookie's own policy: the one of forms would refuse whatever a proxy passes on as plain http.
            var secure = app.Services.GetRequiredService<ApiOptions>().IsSecure ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
            pages.UseCookiePolicy(new CookiePolicyOptions { Secure = secure });
            pages.UseAuthentication();
            pages.UseMiddleware<PortalGate>();
            pages.UseAuthorization();
            pages.UseAntiforgery();
        });
    }
}

/// <summary>Marks a route of the console.</summary>
internal sealed class ConsoleRoute
{
    public static readonly ConsoleRoute Instance = new();
}
