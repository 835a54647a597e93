namespace Grapnel.Publishing;

internal sealed partial class Publisher
{
    /// <summary>
    /// Tells what publishing a message would come to just now, by the very rules that publishing goes by; nothing is stored. Whether the event id is
    /// taken, and whether the store takes writes, only publishing finds out.
    /// </summary>
    /// <returns>
    /// The status that publishing would end with, what is wrong (never thrown), and what routing decides about each endpoint even when the message
    /// would be refused.
    /// </returns>
    public async ValueTask<PublishResult> PreviewAsync(PublishRequest request, CancellationToken cancellationToken)
    {
        if (await _routes.FindAsync(request.Application, cancellationToken).ConfigureAwait(false) is not { } routes)
            return new PublishResult(PublishStatus.UnknownApplication);
        var plan = routes.Plan(request.EventType, request.Channels).For(request.Payload);
        return await ForeseeAsync(request, cancellationToken).ConfigureAwait(false) with { Decisions = plan.Decisions };
    }

    private async ValueTask<PublishResult> ForeseeAsync(PublishRequest request, CancellationToken cancellationToken)
    {
        if (Refuse(request, _time.GetUtcNow()) is { } refused)
            return refused;
        var types = await ReadTypesAsync(request, cancellationToken).ConfigureAwait(false);
        if (request.RequireEventType && !types.Contains(request.EventType))
            return new PublishResult(PublishStatus.UnknownEventType);
        return RefuseUnfit(request, types, out var faults) ?? new PublishResult(PublishStatus.Accepted, SchemaFaults: faults);
    }
}
