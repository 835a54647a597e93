using Grapnel.Auditing;
using Microsoft.AspNetCore.Components.Server.Circuits;

namespace Grapnel.Server.Console;

/// <summary>Whatever somebody does on a page is recorded under their name.</summary>
internal sealed class ActorOfCircuit(Viewer viewer) : CircuitHandler
{
    public override Func<CircuitInboundActivityContext, Task> CreateInboundActivityHandler(Func<CircuitInboundActivityContext, Task> next) => async context =>
    {
        using (Actor.As(viewer.Actor))
            await next(context);
    };
}
