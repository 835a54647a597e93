using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grapnel.Sending;

/// <summary>Registers the sender and its guard.</summary>
internal static class SendingServices
{
    /// <summary>Adds <see cref="AddressGuard"/> and <see cref="WebhookSender"/>; needs <see cref="TimeProvider"/> and logging.</summary>
    public static IServiceCollection AddSending(this IServiceCollection services) => services
        .AddSingleton<OwnPlaces>()
        .AddSingleton(s => new AddressGuard(
            s.GetRequiredService<IOptions<NetworkOptions>>().Value, s.GetRequiredService<TimeProvider>(), own: s.GetRequiredService<OwnPlaces>()))
        .AddSingleton(s => CreateSender(
            s.GetRequiredService<AddressGuard>(), s.GetRequiredService<IOptions<NetworkOptions>>().Value, s.GetRequiredService<IOptions<DeliveryOptions>>().Value,
            s.GetRequiredService<ILogger<GuardedConnect>>(), s.GetRequiredService<TimeProvider>()));

    /// <summary>A sender on the network, behind a guard and the operator's proxy.</summary>
    public static WebhookSender CreateSender(
        AddressGuard guard, NetworkOptions network, DeliveryOptions delivery, ILogger<GuardedConnect> logger, TimeProvider time)
    {
        var proxy = EgressProxy.Of(network, guard);
        var connect = new GuardedConnect(guard, logger, proxy);
        return new WebhookSender((certificates, insecure) => SendingHandler.Create(connect, delivery, proxy, certificates, insecure), delivery, time);
    }
}
