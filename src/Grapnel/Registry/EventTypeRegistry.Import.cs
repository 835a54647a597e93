using Grapnel.Storage;

namespace Grapnel.Registry;

internal sealed partial class EventTypeRegistry
{
    private const int PageSize = 250;

    /// <summary>Adds or changes many event types; what an import says nothing about (validation, feature flags, group) stays.</summary>
    /// <param name="inputs">Name, description, deprecation and schemas of each.</param>
    /// <param name="replaceAll">Whether event types that are not among them are archived.</param>
    /// <param name="dryRun">Whether to tell only what would change.</param>
    /// <param name="cancellationToken">Ends the work before the first change.</param>
    /// <returns>What changed, as it is now.</returns>
    /// <exception cref="InvalidInputException">Some do not fit; nothing was changed.</exception>
    public Task<IReadOnlyList<EventType>> ImportAsync(
        IReadOnlyList<EventTypeInput> inputs, bool replaceAll, bool dryRun, CancellationToken cancellationToken)
    {
        // Also by a run that another node got between: the next one finds that part done.
        var changed = new List<EventType>();
        return _gate.RunAsync<IReadOnlyList<EventType>>(async () =>
        {
            var existing = (await ReadAllAsync(cancellationToken)).ToDictionary(type => type.Name);
            var changes = Changes(inputs, existing);
            if (replaceAll)
                changes.AddRange(Superfluous(inputs, existing));
            if (dryRun)
                return changes;
            foreach (var type in changes)
            {
                var current = existing.GetValueOrDefault(type.Name);
                await (current is not null
                    ? store.UpdateEventTypeAsync(type, current.UpdatedAt, CancellationToken.None)
                    : store.AddEventTypeAsync(type, CancellationToken.None));
                Record(current, type);
                changed.Add(type);
            }
            if (changed.Count > 0)
                events.OnEventTypesChanged();
            return changed;
        }, cancellationToken);
    }

    private List<EventType> Changes(IReadOnlyList<EventTypeInput> inputs, Dictionary<string, EventType> existing)
    {
        var now = time.GetUtcNow();
        var errors = new List<FieldError>();
        var changes = new List<EventType>();
        foreach (var input in inputs)
        {
            var current = existing.GetValueOrDefault(input.Name!);
            var merged = current is null ? input : input with { Validation = current.Validation, FeatureFlags = current.FeatureFlags, GroupName = current.GroupName };
            errors.AddRange(Faults(merged).Select(fault => fault with { Message = $"of the webhook '{input.Name}' {fault.Message}" }));
            if (current is null || EventTypeInput.From(current) != merged)
                changes.Add(Apply(merged, current?.CreatedAt ?? now, current is null ? now : EditGate.Next(time, current.UpdatedAt)));
        }
        return errors.Count == 0 ? changes : throw new InvalidInputException(errors);
    }

    private IEnumerable<EventType> Superfluous(IReadOnlyList<EventTypeInput> inputs, Dictionary<string, EventType> existing)
    {
        var wanted = inputs.Select(input => input.Name).ToHashSet();
        return existing.Values.Where(type => !type.Archived && !wanted.Contains(type.Name))
            .Select(type => type with { Archived = true, UpdatedAt = EditGate.Next(time, type.UpdatedAt) });
    }

    private async Task<List<EventType>> ReadAllAsync(CancellationToken cancellationToken)
    {
        var all = new List<EventType>();
        for (Page<EventType>? page = null; page is not { Done: true };)
        {
            page = await store.ListEventTypesAsync(new PageRequest(PageSize, page?.Items[^1].Name), includeArchived: true, featureFlags: null, cancellationToken);
            all.AddRange(page.Items);
        }
        return all;
    }
}
