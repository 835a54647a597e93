using Grapnel.Server.Api;
using Grapnel.Server.Auth;
using Grapnel.Server.Auth.Users;
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

    public static IServiceCollection AddGrapnelConsole(this IServiceCollection services)
    {
        services.AddGrapnelUsers();
        services.AddRazorComponents().AddInteractiveServerComponents(circuits =>
        {
            circuits.DisconnectedCircuitRetentionPeriod = CircuitsAreKept;
            circuits.DisconnectedCircuitMaxRetained = CircuitsKept;
        });
        services.AddMudServices(mud =>
        {
            mud.SnackbarConfiguration.PositionClass = MudBlazor.Defaults.Classes.Position.BottomRight;
            mud.SnackbarConfiguration.PreventDuplicates = true;
        });
        services.AddCascadingAuthenticationState();
        services.AddScoped<AuthenticationStateProvider, StampChecks>();
        services.AddScoped<Viewer>().AddScoped<Acts>().AddScoped<Ask>().AddScoped<CircuitHandler, ActorOfCircuit>();
        return services.AddSingleton<ConsoleAssets>().AddSingleton<PortalSession>();
    }

    public static void MapGrapnelConsole(this WebApplication app)
    {
        if (!app.Services.GetRequiredService<ConsoleOptions>().Enabled)
            return;
        app.Services.GetRequiredService<ConsoleAssets>().Map(app);
        AccountForms.Map(app);
        app.MapRazorComponents<App>()
            .AddInteractiveServerRenderMode(circuits => circuits.ContentSecurityFrameAncestorsPolicy = null)
            .RequireAuthorization()
            .WithMetadata(ConsoleRoute.Instance, RouteAccess.Everybody);
    }

    /// <summary>What only pages need. The API has its own gate, and pays for none of this.</summary>
    public static void UseGrapnelConsole(this WebApplication app) => app.UseWhen(
        http => http.GetEndpoint()?.Metadata.GetMetadata<ConsoleRoute>() is not null,
        pages =>
        {
            pages.UseMiddleware<PageHeaders>();
            // Not by each cookie's own policy: the one of forms would refuse whatever a proxy passes on as plain http.
            if (app.Services.GetRequiredService<ApiOptions>().IsSecure)
                pages.UseCookiePolicy(new CookiePolicyOptions { Secure = CookieSecurePolicy.Always });
            pages.UseAuthentication();
            pages.UseAuthorization();
            pages.UseAntiforgery();
        });
}

/// <summary>Marks a route of the console.</summary>
internal sealed class ConsoleRoute
{
    public static readonly ConsoleRoute Instance = new();
}
