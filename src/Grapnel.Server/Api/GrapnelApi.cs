using Grapnel.Server.Api.Description;
using Grapnel.Server.Auth;
using Grapnel.Server.Api.Import;
using Grapnel.Server.Inboxes;
using Grapnel.Storage;

namespace Grapnel.Server.Api;

/// <summary>The whole HTTP API.</summary>
internal static class GrapnelApi
{
    public const string Base = "/api/v1";

    public static IServiceCollection AddGrapnelApi(this IServiceCollection services) => services
        .AddApiDescription()
        .AddSingleton<PathSubjects>()
        .AddSingleton<HealthApi>()
        .AddSingleton<TriggerApi>()
        .AddSingleton<ApplicationsApi>()
        .AddSingleton<EventTypesApi>()
        .AddSingleton<EventTypeImportApi>()
        .AddSingleton<EndpointsApi>()
        .AddSingleton<EndpointSettingsApi>()
        .AddSingleton<SchedulesApi>()
        .AddSingleton<MessagesApi>()
        .AddSingleton<BatchApi>()
        .AddSingleton<PrecheckApi>()
        .AddSingleton<ExamplesApi>()
        .AddSingleton<AttemptsApi>()
        .AddSingleton<DeliveriesApi>()
        .AddSingleton<ReplaysApi>()
        .AddSingleton<BroadcastApi>()
        .AddSingleton<BackgroundTasksApi>()
        .AddSingleton<AttemptedApi>()
        .AddSingleton<MessageContentApi>()
        .AddSingleton<StatsApi>()
        .AddSingleton<LanesApi>()
        .AddSingleton<TailApi>()
        .AddSingleton<ApiKeysApi>()
        .AddSingleton<KeyRingApi>()
        .AddSingleton<AuthApi>()
        .AddSingleton<AuditLogApi>()
        .AddInboxes()
        .AddSingleton<TokenSecret>().AddSingleton<Tokens>().AddSingleton<PortalLinks>().AddSingleton<OwnApplication>().AddSingleton<StandingAccess>().AddSingleton<RequestLimits>();

    /// <summary>Maps what the node answers: whether it is well, and, where it has that role, the API.</summary>
    public static void MapGrapnelApi(this WebApplication app)
    {
        var services = app.Services;
        // Whatever is mapped here, or below, is judged by the rules of who may call what.
        var root = app.MapGroup("");
        RouteAccess.AddTo(root);
        services.GetRequiredService<HealthApi>().Map(root);
        if (!services.GetRequiredService<NodeOptions>().Roles.HasFlag(NodeRoles.Api))
            return;
        services.GetRequiredService<TriggerApi>().Map(root);
        services.GetRequiredService<InboxCatcher>().Map(root);

        app.MapApiDescription();

        var api = root.MapGroup(Base);
        services.GetRequiredService<ApplicationsApi>().Map(api);
        services.GetRequiredService<EventTypesApi>().Map(api);
        services.GetRequiredService<EventTypeImportApi>().Map(api);
        services.GetRequiredService<EndpointsApi>().Map(api);
        services.GetRequiredService<EndpointSettingsApi>().Map(api);
        services.GetRequiredService<SchedulesApi>().Map(api);
        services.GetRequiredService<MessagesApi>().Map(api);
        services.GetRequiredService<BatchApi>().Map(api);
        services.GetRequiredService<PrecheckApi>().Map(api);
        services.GetRequiredService<ExamplesApi>().Map(api);
        services.GetRequiredService<AttemptsApi>().Map(api);
        services.GetRequiredService<DeliveriesApi>().Map(api);
        services.GetRequiredService<ReplaysApi>().Map(api);
        services.GetRequiredService<BroadcastApi>().Map(api);
        services.GetRequiredService<BackgroundTasksApi>().Map(api);
        services.GetRequiredService<AttemptedApi>().Map(api);
        services.GetRequiredService<MessageContentApi>().Map(api);
        services.GetRequiredService<StatsApi>().Map(api);
        services.GetRequiredService<LanesApi>().Map(api);
        services.GetRequiredService<TailApi>().Map(api);
        services.GetRequiredService<ApiKeysApi>().Map(api);
        services.GetRequiredService<KeyRingApi>().Map(api);
        services.GetRequiredService<AuthApi>().Map(api);
        services.GetRequiredService<AuditLogApi>().Map(api);
    }
}
