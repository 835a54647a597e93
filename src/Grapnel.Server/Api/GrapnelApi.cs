using Grapnel.Server.Api.Import;

namespace Grapnel.Server.Api;

/// <summary>The whole HTTP API.</summary>
internal static class GrapnelApi
{
    public const string Base = "/api/v1";

    public static IServiceCollection AddGrapnelApi(this IServiceCollection services) => services
        .AddSingleton<HealthApi>()
        .AddSingleton<TriggerApi>()
        .AddSingleton<ApplicationsApi>()
        .AddSingleton<EventTypesApi>()
        .AddSingleton<EventTypeImportApi>()
        .AddSingleton<EndpointsApi>()
        .AddSingleton<EndpointSettingsApi>()
        .AddSingleton<SchedulesApi>()
        .AddSingleton<MessagesApi>()
        .AddSingleton<PrecheckApi>()
        .AddSingleton<ExamplesApi>()
        .AddSingleton<AttemptsApi>()
        .AddSingleton<DeliveriesApi>()
        .AddSingleton<ApiKeysApi>();

    public static void MapGrapnelApi(this WebApplication app)
    {
        var services = app.Services;
        services.GetRequiredService<HealthApi>().Map(app);
        services.GetRequiredService<TriggerApi>().Map(app);

        var api = app.MapGroup(Base);
        services.GetRequiredService<ApplicationsApi>().Map(api);
        services.GetRequiredService<EventTypesApi>().Map(api);
        services.GetRequiredService<EventTypeImportApi>().Map(api);
        services.GetRequiredService<EndpointsApi>().Map(api);
        services.GetRequiredService<EndpointSettingsApi>().Map(api);
        services.GetRequiredService<SchedulesApi>().Map(api);
        services.GetRequiredService<MessagesApi>().Map(api);
        services.GetRequiredService<PrecheckApi>().Map(api);
        services.GetRequiredService<ExamplesApi>().Map(api);
        services.GetRequiredService<AttemptsApi>().Map(api);
        services.GetRequiredService<DeliveriesApi>().Map(api);
        services.GetRequiredService<ApiKeysApi>().Map(api);
    }
}
