namespace Grapnel.Server.Commands;

/// <summary>Leaves signals to <see cref="Termination"/>, which ends the command and with it every host that the command started.</summary>
internal sealed class NoLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
