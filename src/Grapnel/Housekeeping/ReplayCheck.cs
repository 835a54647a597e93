using Grapnel.Registry;
using Grapnel.Storage;

namespace Grapnel.Housekeeping;

/// <summary>Checks what a person asks of a replay.</summary>
internal static class ReplayCheck
{
    /// <summary>How far back a recover may reach, as with Svix.</summary>
    private static readonly TimeSpan RecoverWindow = TimeSpan.FromDays(14);

    /// <summary>The arguments of a task that is begun now.</summary>
    /// <param name="input">What is asked for.</param>
    /// <param name="kind">The kind of the task.</param>
    /// <param name="now">The present.</param>
    /// <param name="end">After every message that was accepted before the task began: what comes later finds its own way.</param>
    /// <exception cref="InvalidInputException">Fields do not fit; tells all of them.</exception>
    public static ReplayArguments Run(ReplayInput input, string kind, DateTimeOffset now, DateTimeOffset end)
    {
        var check = new InputCheck();
        check.Add("since", SinceFault(input.Since, kind, now));
        check.Add("until", input.Until <= input.Since ? "must be later than since" : null);
        check.Range("rate", input.Rate, 1, ReplayInput.MaxRate);
        check.Range("status", input.Status, 0, 4);
        check.Add("statusCodeClass", input.StatusCodeClass is null or 0 or 100 or 200 or 300 or 400 or 500 ? null : "must be 0, 100, 200, 300, 400 or 500");
        check.Add("eventTypes", input.EventTypes is [] ? "must have at least 1 entry, or be absent" : null);
        check.ThrowIfAny();
        return new ReplayArguments(
            input.Since!.Value.ToUniversalTime(), input.Until is { } until && until < end ? until.ToUniversalTime() : end, input.Rate ?? ReplayInput.DefaultRate,
            input.EventTypes, input.Channel, input.Tag, (ReplayStatus?)input.Status, input.StatusCodeClass);
    }

    private static string? SinceFault(DateTimeOffset? since, string kind, DateTimeOffset now) => since switch
    {
        null => "is required",
        _ when kind == BackgroundTaskKinds.Recover && since < now - RecoverWindow => "must be at most 14 days ago",
        _ when since > now => "must not be in the future",
        _ => null,
    };
}
