using Grapnel.Sending;
using Grapnel.Storage;

namespace Grapnel.Dispatching;

internal sealed partial class Dispatcher
{
    /// <summary>One attempt from start to hand-over to the settler. Never throws: the sender returns what happened, whatever it was.</summary>
    internal async Task RunAsync(Flight flight)
    {
        // 1. The exchange.
        var startedAt = _time.GetUtcNow();
        var id = _ids.Next<Attempt>();
        using var span = GrapnelTracing.StartDeliver(flight.Delivery, flight.Endpoint);
        var result = await _sender.SendAsync(flight.Prepared, flight.Delivery, _abandon.Token).ConfigureAwait(false);

        // 2. The verdict. A manual attempt stands outside the schedule and does not advance it.
        var delivery = flight.Delivery;
        var manual = delivery.Trigger == Trigger.Manual;
        var attempts = manual ? delivery.Attempts : delivery.Attempts + 1;
        var verdict = Verdict.Of(
            result, delivery.Trigger, attempts, flight.Endpoint.RetrySchedule ?? _retrySchedule, _options, _random.NextDouble());
        flight.Verdict = verdict;
        var number = manual ? 0 : attempts;

        // 3. An abandoned exchange counts for nothing: the delivery is still pending in the store, for whoever runs next.
        if (verdict.Kind == VerdictKind.Abandoned)
        {
            GrapnelTracing.EndDeliver(span, number, result, verdict.Kind);
            Complete(flight, null);
            return;
        }

        // 4. What there is to record.
        var dueAt = verdict.Kind == VerdictKind.Retry ? _clock.NowMs + verdict.DelayMs : 0;
        var attempt = new Attempt
        {
            Id = id,
            ApplicationId = flight.Endpoint.ApplicationId,
            EndpointId = flight.Endpoint.Id,
            MessageId = delivery.Message.Id,
            Url = flight.Endpoint.Url,
            Trigger = delivery.Trigger,
            Number = number,
            StartedAt = startedAt,
            DurationMs = (int)result.Duration.TotalMilliseconds,
            Outcome = result.Outcome,
            StatusCode = result.StatusCode,
            ResponseBody = result.ResponseBody,
            Headers = result.Headers,
            Error = result.Error,
            NextAttemptAt = dueAt > 0 ? DateTimeOffset.FromUnixTimeMilliseconds(dueAt) : null,
        };
        flight.Settlement = new Settlement(attempt, delivery.Seq, delivery.Trigger, verdict.End, dueAt, attempts);
        _metrics.Attempted(result.Outcome, result.Duration);
        if (verdict.Kind == VerdictKind.Delivered && !manual)
            _metrics.Delivered(startedAt + result.Duration - delivery.Message.AcceptedAt);
        LogAttempt(_logger, attempt.Id, attempt.MessageId, attempt.EndpointId, attempt.Number, attempt.Outcome, attempt.StatusCode,
            attempt.DurationMs, verdict.Kind, verdict.DelayMs, result.Error);
        GrapnelTracing.EndDeliver(span, number, result, verdict.Kind);

        // 5. The lane is free for its next delivery at once; the outcome becomes durable with the next group commit. A crash
        //    in between sends this delivery again: the outcome was not known yet.
        Complete(flight, result);
        if (flight.Disables is null || await IsDisabledAsync(flight).ConfigureAwait(false))
            _settler.Settle(flight);
        else
            LetGo([flight], durable: false);
    }

    /// <summary>
    /// Has the endpoint disabled before the outcome that is the reason becomes durable; false when the process ends first, and then there is no outcome either.
    /// After a crash in between the delivery is still there, and the endpoint stays quiet; the other way round the reason would be forgotten, and an ordered
    /// endpoint would go on behind what it gave up.
    /// </summary>
    private async Task<bool> IsDisabledAsync(Flight flight)
    {
        try
        {
            // What was sent in an earlier life is not recorded, so it disables nothing.
            for (var pause = FirstDisablePause; Disabling is { } disable && flight.Lane.Node == Node; pause = pause < MaxDisablePause ? 2 * pause : pause)
            {
                try
                {
                    flight.HasDisabled = await disable(flight.Endpoint.Id, flight.Disables!.Value, _abandon.Token).ConfigureAwait(false);
                    return true;
                }
                catch (Exception e)
                {
                    if (_abandon.IsCancellationRequested)
                        return false;
                    if (pause == FirstDisablePause)
                        LogDisableFailed(_logger, e, flight.Endpoint.Id);
                }
                await Task.Delay(pause, _time, _abandon.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            return true;
        }
        finally
        {
            lock (_lock)
            {
                // A person may have enabled the endpoint again in the meantime, which forgets all failures.
                if (flight.Health is not null)
                    flight.Health = flight.Lane.Health;
                _disabling--;
                NoteDrained();
            }
        }
    }

    // Called with the lock held.
    private void NoteDrained()
    {
        if (_stopping && _inFlight + _disabling == 0)
            _drained?.TrySetResult();
    }

    private void Complete(Flight flight, SendResult? result)
    {
        var now = _clock.NowMs;
        lock (_lock)
        {
            var lane = flight.Lane;
            _inFlight--;
            if (result is { } sent)
            {
                Apply(flight, lane, sent.Duration, now);
            }
            else
            {
                _unsettled--;
                lane.Abandoned();
            }
            if (flight.Disables is not null)
                _disabling++;
            NoteDrained();
            Ready(lane);
            Pump(now);
        }
    }

    private void Apply(Flight flight, Lane lane, TimeSpan duration, long now)
    {
        var wasFailing = lane.FailingSince is not null;
        lane.Completed(flight.Verdict, duration, now, _random.NextDouble());
        if (wasFailing || lane.FailingSince is not null)
            flight.Health = lane.Health;
        flight.Disables = DisabledBy(flight, now);
        // Until the catalog has it, the lane alone knows that nothing more may be sent.
        if (flight.Disables is not null)
            lane.Change(lane.Endpoint with { Enabled = false }, lane.Prepared, now);
    }

    /// <summary>Why this attempt disables its endpoint, or null.</summary>
    private EndpointDisabledReason? DisabledBy(Flight flight, long now)
    {
        if (flight.Verdict.Kind == VerdictKind.Gone)
            return EndpointDisabledReason.Gone;
        if (flight.Endpoint is { Ordered: true, OnExhausted: OnExhausted.Pause }
            && flight.Verdict.Kind == VerdictKind.Exhausted && flight.Delivery.Trigger == Trigger.Scheduled)
            return EndpointDisabledReason.OrderedExhausted;
        return flight.Lane.FailingSince is { } since && now - since >= (long)_options.DisableAfter.TotalMilliseconds
            ? EndpointDisabledReason.FailingForTooLong
            : null;
    }

    private void OnSettled(IReadOnlyList<Flight> flights)
    {
        LetGo(flights, durable: true);
        foreach (var flight in flights)
            Outcomes?.Invoke(new SettledAttempt(flight.Settlement!, flight.Endpoint, flight.Delivery, flight.HasDisabled ? flight.Disables : null));
        _changes.Raise();
    }

    private void LetGo(IReadOnlyList<Flight> flights, bool durable)
    {
        var drained = false;
        lock (_lock)
        {
            _unsettled -= flights.Count;
            foreach (var flight in flights)
            {
                flight.Lane.Settled(flight.Delivery, durable && flight.Settlement!.End is null ? flight.Settlement.DueAt : null);
                Ready(flight.Lane);
                drained |= flight.Lane is { IsLeaving: true, IsDrained: true };
            }
            Pump(_clock.NowMs);
        }
        if (drained)
            LaneDrained?.Invoke();
    }

    /// <summary>Disables an endpoint, and says whether it was not disabled already. It is asked again when it fails.</summary>
    internal Func<Id<Endpoint>, EndpointDisabledReason, CancellationToken, Task<bool>>? Disabling { get; set; }

    /// <summary>Raised after attempts became durable, on the settler's thread: handlers must be quick and must not throw.</summary>
    public event Action<SettledAttempt>? Outcomes;
}

/// <summary>An attempt whose outcome is durable.</summary>
/// <param name="Settlement">The attempt and what it made of its delivery.</param>
/// <param name="Endpoint">The endpoint as it was for the attempt.</param>
/// <param name="Delivery">The delivery before the attempt.</param>
/// <param name="Disables">Why the endpoint was disabled because of it, or null.</param>
internal readonly record struct SettledAttempt(Settlement Settlement, Endpoint Endpoint, Delivery Delivery, EndpointDisabledReason? Disables);
