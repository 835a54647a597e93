using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grapnel.Sending;

/// <summary>Registers the sender and its guard.</summary>
internal static class SendingServices
{
    /// <summary>Adds <see cref="AddressGuard"/> and <see cref="WebhookSender"/>; needs <see cref="TimeProvider"/> and logging.</summary>
    public static IServiceCollection AddSending(this IServiceCollection services) => services
        .AddSingleton(s => new AddressGuard(s.GetRequiredService<IOptions<NetworkOptions>>().Value, s.GetRequiredService<TimeProvider>()))
        .AddSingleton(s =>
        {
            var (options, guard) = (s.GetRequiredService<IOptions<DeliveryOptions>>().Value, s.GetRequiredService<AddressGuard>());
            var proxy = EgressProxy.Of(s.GetRequiredService<IOptions<NetworkOptions>>().Value, guard);
            var connect = new GuardedConnect(guard, s.GetRequiredService<ILogger<GuardedConnect>>(), proxy);
            return new WebhookSender(
                (certificates, insecure) => SendingHandler.Create(connect, options, proxy, certificates, insecure), options, s.GetRequiredService<TimeProvider>());
        });
}
