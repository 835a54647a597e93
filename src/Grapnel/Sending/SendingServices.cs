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
            var options = s.GetRequiredService<IOptions<DeliveryOptions>>().Value;
            var connect = new GuardedConnect(s.GetRequiredService<AddressGuard>(), s.GetRequiredService<ILogger<GuardedConnect>>());
            return new WebhookSender(SendingHandler.Create(connect, options), options, s.GetRequiredService<TimeProvider>());
        });
}
