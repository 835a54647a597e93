using Grapnel.Dispatching;
using Grapnel.Storage;
using Grapnel.Tests.Sending;

namespace Grapnel.Tests.Dispatching;

/// <summary>What a lane keeps in memory of what is in the store.</summary>
public sealed class LaneWindowTests
{
    private static readonly Endpoint Endpoint = SendFixture.Endpoint("http://127.0.0.1:1/") with { MaxConcurrency = 1_000 };

    [Fact]
    public void What_is_accepted_while_the_last_page_is_being_read_follows_it_without_another_read_and_once_each()
    {
        var lane = NewLane();
        lane.BeginRead(now: 0, byteLimit: 1_000);
        // The second is in the page already; the third came too late for it.
        lane.Offer(At(2), now: 0);
        lane.Offer(At(3), now: 0);
        lane.EndRead(Page(more: false, 1, 2), now: 0);

        Sent(lane).ShouldBe([1, 2, 3]);
        lane.Decide(now: 0).Kind.ShouldBe(LaneStepKind.Blocked, "there is nothing to read");
    }

    [Fact]
    public void What_is_accepted_while_a_page_is_read_that_is_not_the_last_waits_in_the_store_for_its_turn()
    {
        var lane = NewLane();
        lane.BeginRead(now: 0, byteLimit: 1_000);
        lane.Offer(At(3), now: 0);
        lane.EndRead(Page(more: true, 1), now: 0);

        Sent(lane).ShouldBe([1]);
        lane.Decide(now: 0).Kind.ShouldBe(LaneStepKind.Read);
        lane.BeginRead(now: 0, byteLimit: 1_000).AfterSeq.ShouldBe(1);
    }

    [Fact]
    public void What_there_was_no_room_for_while_a_page_was_read_is_read_next_and_nothing_behind_it_is_sent_before()
    {
        var lane = NewLane(new DeliveryOptions { LaneWindow = 2 });
        lane.BeginRead(now: 0, byteLimit: 1_000);
        for (var seq = 1; seq <= 4; seq++)
            lane.Offer(At(seq), now: 0);
        lane.EndRead(Page(more: false), now: 0);

        Sent(lane).ShouldBe([1, 2]);
        lane.Decide(now: 0).Kind.ShouldBe(LaneStepKind.Read);
        lane.BeginRead(now: 0, byteLimit: 1_000).AfterSeq.ShouldBe(2);
    }

    [Fact]
    public void What_was_accepted_and_ended_while_a_page_was_being_read_is_not_sent()
    {
        var lane = NewLane();
        lane.BeginRead(now: 0, byteLimit: 1_000);
        lane.Offer(At(2), now: 0);
        lane.Forget(new HashSet<long> { 2 });
        lane.EndRead(Page(more: false, 1), now: 0);

        Sent(lane).ShouldBe([1]);
    }

    [Fact]
    public void What_was_sent_and_settled_before_it_is_offered_is_not_sent_again_even_while_older_ones_are_looked_for()
    {
        var lane = NewLane(isShared: true);
        lane.BeginRead(now: 0, byteLimit: 1_000);
        lane.EndRead(Page(more: false, 10), now: 0);
        Sent(lane).ShouldBe([10]);
        lane.Abandoned();
        lane.Settled(At(10), retryAt: null);
        lane.Reread(firstSeq: 5);

        lane.BeginRead(now: 0, byteLimit: 1_000);
        lane.Offer(At(10), now: 0);
        lane.EndRead(Page(more: false, 5), now: 0);

        Sent(lane).ShouldBe([5]);
    }

    [Fact]
    public void Whatever_comes_of_a_read_the_memory_of_what_was_accepted_meanwhile_is_free_again()
    {
        var budget = new WindowBudget(1 << 20);
        foreach (var page in (LanePage?[])[null, Page(more: true), Page(more: false, 1)])
        {
            var lane = NewLane(budget: budget);
            lane.BeginRead(now: 0, byteLimit: 1_000);
            lane.Offer(At(1), now: 0);
            budget.Used.ShouldBeGreaterThan(0);
            lane.EndRead(page, now: 0);
            foreach (var seq in Sent(lane))
                lane.Settled(At(seq), retryAt: null);
            budget.Used.ShouldBe(0);
        }
    }

    private static Lane NewLane(DeliveryOptions? options = null, WindowBudget? budget = null, bool isShared = false) => new(
        Endpoint, SendFixture.Prepare(Endpoint), options ?? new DeliveryOptions(), budget ?? new WindowBudget(long.MaxValue), isShared, now: 0);

    private static Delivery At(long seq) => SendFixture.Delivery("tiny"u8.ToArray()) with { EndpointId = Endpoint.Id, Seq = seq };

    private static LanePage Page(bool more, params long[] seqs) => new([.. seqs.Select(At)], more, NextDueAt: null, Health: null);

    /// <summary>Takes whatever the lane would send now.</summary>
    private static List<long> Sent(Lane lane)
    {
        var sent = new List<long>();
        while (lane.Decide(now: 0).Kind == LaneStepKind.Start)
            sent.Add(lane.Take(now: 0).Seq);
        return sent;
    }
}
