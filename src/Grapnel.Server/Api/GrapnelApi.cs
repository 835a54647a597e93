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
        .AddSingleton<EndpointsApi>()
        .AddSingleton<EndpointSettingsApi>()
        .AddSingleton<SchedulesApi>()
        .AddSingleton<MessagesApi>()
        .AddSingleton<AttemptsApi>()
        .AddSingleton<DeliveriesApi>()
        .AddSingleton<AttemptedApi>()
        .AddSingleton<MessageContentApi>()
        .AddSingleton<StatsApi>()
        .AddSingleton<LanesApi>()
        .AddSingleton<TailApi>()
        .AddSingleton<ApiKeysApi>();

    public static void MapGrapnelApi(this WebApplication app)
    {
        var services = app.Services;
        services.GetRequiredService<HealthApi>().Map(app);
        services.GetRequiredService<TriggerApi>().Map(app);

        var api = app.MapGroup(Base);
        services.GetRequiredService<ApplicationsApi>().Map(api);
        services.GetRequiredService<EventTypesApi>().Map(api);
        services.GetRequiredService<EndpointsApi>().Map(api);
        services.GetRequiredService<EndpointSettingsApi>().Map(api);
        services.GetRequiredService<SchedulesApi>().Map(api);
        services.GetRequiredService<MessagesApi>().Map(api);
        services.GetRequiredService<AttemptsApi>().Map(api);
        services.GetRequiredService<DeliveriesApi>().Map(api);
        services.GetRequiredService<AttemptedApi>().Map(api);
        services.GetRequiredService<MessageContentApi>().Map(api);
        services.GetRequiredService<StatsApi>().Map(api);
        services.GetRequiredService<LanesApi>().Map(api);
        services.GetRequiredService<TailApi>().Map(api);
        services.GetRequiredService<ApiKeysApi>().Map(api);
    }
}
