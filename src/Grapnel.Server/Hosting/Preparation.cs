using Grapnel.Registry;
using Grapnel.Server.Auth;
using Grapnel.Server.Auth.Users;
using Grapnel.Server.Secrets;

namespace Grapnel.Server.Hosting;

/// <summary>What must be there before the engine starts and the first request comes: the keys of secrets at rest, the built-in applications and a key to get in.</summary>
internal sealed class Preparation(SecretKeeper secrets, ApplicationRegistry applications, FirstApiKey firstKey, FirstUser firstUser) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await secrets.EnsureAsync(cancellationToken);
        await applications.EnsureBuiltInAsync(cancellationToken);
        await firstKey.EnsureAsync(cancellationToken);
        await firstUser.EnsureAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
