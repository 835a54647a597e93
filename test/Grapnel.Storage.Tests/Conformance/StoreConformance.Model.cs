using CsCheck;

namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    /// <summary>One step of a random life; the numbers pick messages, lanes and pending deliveries out of those there are.</summary>
    public readonly record struct Step(Verb Verb, int Pick, int Other);

    /// <summary>What can happen to a store.</summary>
    public enum Verb { Accept, AcceptScheduled, Deliver, Retry, Exhaust, SettleGone, Cancel, Resend, Expel, Wait, Drop, Reopen }

    private static readonly Gen<Step> Steps = Gen.Frequency(
        (4, Gen.Const(Verb.Accept)), (1, Gen.Const(Verb.AcceptScheduled)), (4, Gen.Const(Verb.Deliver)), (3, Gen.Const(Verb.Retry)),
        (2, Gen.Const(Verb.Exhaust)), (1, Gen.Const(Verb.SettleGone)), (1, Gen.Const(Verb.Cancel)), (2, Gen.Const(Verb.Resend)),
        (1, Gen.Const(Verb.Expel)), (2, Gen.Const(Verb.Wait)), (1, Gen.Const(Verb.Drop)), (1, Gen.Const(Verb.Reopen)))
        .SelectMany(verb => Gen.Select(Gen.Int[0, 1000], Gen.Int[0, 1000], (pick, other) => new Step(verb, pick, other)));

    /// <summary>How many random lives of a store are held against the model. Fewer where each step has a long way to go.</summary>
    protected virtual int ModelRuns => 40;

    [Fact]
    public Task Whatever_happens_the_store_and_a_simple_model_of_it_agree() =>
        Steps.Array[1, 40].SampleAsync(LiveAsync, iter: ModelRuns, threads: 1, print: steps => string.Join(", ", steps.Select(step => step.ToString())));

    private async Task LiveAsync(Step[] steps)
    {
        var lanes = Enumerable.Range(0, 3).Select(_ => NewLane()).ToArray();
        var model = new StoreModel();
        foreach (var step in steps)
        {
            await TakeStepAsync(model, lanes, step);
            await ShouldAgreeAsync(model, lanes);
        }
        // The next life starts with an empty backlog, so that the count can be compared.
        foreach (var lane in lanes)
            await Deliveries.DropLaneAsync(lane, int.MaxValue, default);
    }

    private async Task TakeStepAsync(StoreModel model, Id<Endpoint>[] lanes, Step step)
    {
        switch (step.Verb)
        {
            case Verb.Accept or Verb.AcceptScheduled:
                var message = NewMessage(deliverAt: step.Verb == Verb.AcceptScheduled ? Clock.GetUtcNow().AddSeconds(step.Other % 20 + 1) : null);
                var owed = lanes.Where((_, i) => (step.Pick >> i & 1) == 1).ToArray();
                var seqs = (await AcceptAsync(Owe(message, owed))).Receipts.Single().Seqs.ToArray();
                model.Accept(message, owed, seqs);
                break;
            case Verb.Deliver or Verb.Retry or Verb.Exhaust when model.PickPending(step.Pick) is { } delivery:
                var settlement = step.Verb switch
                {
                    Verb.Deliver => Delivered(delivery),
                    Verb.Retry => Retried(delivery, TimeSpan.FromSeconds(step.Other % 30)),
                    _ => Ended(delivery, DeliveryEnd.Exhausted),
                };
                (await SettleAsync(settlement)).ShouldBeTrue();
                model.Settle(settlement);
                break;
            case Verb.SettleGone when model.PickGone(step.Pick) is { } gone:
                var late = step.Other % 2 == 0 ? Delivered(gone) : Retried(gone, TimeSpan.FromSeconds(1));
                (await SettleAsync(late)).ShouldBeTrue();
                model.Settle(late);
                break;
            case Verb.Cancel when model.PickMessage(step.Pick) is { } cancelled:
                Id<Endpoint>? at = step.Other % 2 == 0 ? null : lanes[step.Other % lanes.Length];
                var ended = await Deliveries.CancelAsync(cancelled, at, default);
                ended.Order().ShouldBe(model.Cancel(cancelled.Id, at).Order());
                break;
            case Verb.Resend when model.PickMessage(step.Pick) is { } resent:
                model.Resend(await Deliveries.ResendAsync(resent, [lanes[step.Other % lanes.Length]], default));
                break;
            case Verb.Expel:
                await ExpelSelfAsync(model, step);
                break;
            case Verb.Wait:
                Clock.Advance(TimeSpan.FromSeconds(step.Pick % 20));
                break;
            case Verb.Drop:
                var dropped = await Deliveries.DropLaneAsync(lanes[step.Pick % lanes.Length], limit: 2, default);
                dropped.ShouldBe(await DropInModelAsync(model, lanes[step.Pick % lanes.Length], dropped));
                break;
            case Verb.Reopen when step.Pick % 4 == 0:
                await _store.ReopenAsync();
                _node = await Deliveries.JoinAsync("again", NodeRoles.All, default);
                break;
        }
    }

    private async Task ExpelSelfAsync(StoreModel model, Step step)
    {
        var next = await Deliveries.JoinAsync("next", NodeRoles.All, default);
        await Deliveries.LeaveAsync(_node, default);
        if (model.PickPending(step.Pick) is { } delivery)
            (await SettleAsync(Delivered(delivery))).ShouldBeFalse();
        _node = next;
    }

    // Which deliveries go first is the store's business; that as many as it says are gone, and ended, is not.
    private async Task<int> DropInModelAsync(StoreModel model, Id<Endpoint> lane, int count)
    {
        count.ShouldBe(Math.Min(2, model.Pending(lane).Count()));
        var left = (await ReadEverythingAsync(lane)).Select(delivery => delivery.Seq).ToHashSet();
        return model.Drop(lane, left);
    }

    private async Task ShouldAgreeAsync(StoreModel model, Id<Endpoint>[] lanes)
    {
        var now = Clock.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var lane in lanes)
        {
            (await PendingAsync(lane)).Select(StoreModel.Essence).Order().ShouldBe(model.Due(lane, now).Select(StoreModel.Essence).Order());
            (await ReadAsync(lane, ordered: true)).Deliveries.Select(StoreModel.Essence).ShouldBe(model.InOrder(lane, now).Select(StoreModel.Essence));
            (await ReadAsync(lane)).NextDueAt.ShouldBe(model.NextDueAt(lane, now));
        }
        foreach (var message in model.Messages)
        {
            var states = (await History.ReadDeliveriesAsync(message, default)).Select(state => (state.EndpointId, state.End, state.Attempts));
            states.ShouldBe(model.States(message.Id));
            var attempts = await History.ListAttemptsAsync(Tenant, new AttemptFilter(MessageId: message.Id), new PageRequest(250), default);
            attempts.Items.Select(attempt => attempt.Id).ShouldBe(model.Attempts(message.Id));
        }
        (await History.ReadBacklogAsync(default)).Pending.ShouldBe(model.PendingCount);
    }

    private async Task<IReadOnlyList<Delivery>> ReadEverythingAsync(Id<Endpoint> lane) =>
        (await Deliveries.ReadLaneAsync(new LaneRead(lane, false, 0, long.MaxValue, int.MaxValue, long.MaxValue, NothingHeld), default)).Deliveries;
}
