using Grapnel.Sending;

namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    private static readonly TroubleRule Rule = new(5, TimeSpan.FromMinutes(1));

    [Fact]
    public async Task What_was_delivered_retried_and_given_up_is_told_apart_for_endpoint_application_and_installation()
    {
        var (a, b) = (NewLane(), NewLane());
        var foreign = NewMessage() with { ApplicationId = Ids.Next<Application>() };
        await PublishAsync(a, b);
        await PublishAsync(a);
        await AcceptAsync(Owe(foreign, b));
        var atA = await PendingAsync(a);
        var atB = await PendingAsync(b);

        await SettleAsync(Delivered(atA[0]), Retried(atA[1], TimeSpan.FromSeconds(5)), Ended(atB[0], DeliveryEnd.Exhausted), Ended(atB[1], DeliveryEnd.Gone));

        (await TellAsync(RollupScope.Of(a))).ShouldBe("0 accepted, 1 delivered, 1 failed, 1 retried, 0 given up");
        (await TellAsync(RollupScope.Of(b))).ShouldBe("0 accepted, 0 delivered, 2 failed, 0 retried, 2 given up");
        (await TellAsync(RollupScope.Of(Tenant))).ShouldBe("2 accepted, 1 delivered, 2 failed, 1 retried, 1 given up");
        (await TellAsync(RollupScope.Of(foreign.ApplicationId))).ShouldBe("1 accepted, 0 delivered, 1 failed, 0 retried, 1 given up");
        (await TellAsync(RollupScope.Installation)).ShouldBe("3 accepted, 1 delivered, 3 failed, 1 retried, 2 given up");
    }

    [Fact]
    public async Task A_manual_attempt_that_fails_is_neither_retried_nor_given_up()
    {
        var lane = NewLane();
        var message = await PublishAsync(lane);
        await SettleAsync(Delivered((await PendingAsync(lane)).Single()));
        await Deliveries.ResendAsync(message, [lane], default);

        await SettleAsync(Ended((await PendingAsync(lane)).Single(), DeliveryEnd.Exhausted));

        (await TellAsync(RollupScope.Of(lane))).ShouldBe("0 accepted, 1 delivered, 1 failed, 0 retried, 0 given up");
    }

    [Fact]
    public async Task The_last_attempt_of_a_delivery_that_was_cancelled_meanwhile_is_neither_retried_nor_given_up()
    {
        var lane = NewLane();
        var messages = new[] { await PublishAsync(lane), await PublishAsync(lane) };
        var pending = await PendingAsync(lane);
        foreach (var message in messages)
            await Deliveries.CancelAsync(message, null, default);

        await SettleAsync(Retried(pending[0], TimeSpan.FromSeconds(5)), Ended(pending[1], DeliveryEnd.Exhausted));

        (await TellAsync(RollupScope.Of(lane))).ShouldBe("0 accepted, 0 delivered, 2 failed, 0 retried, 0 given up");
        (await SumAsync(RollupScope.Installation)).Cancelled.ShouldBe(2);
    }

    [Fact]
    public async Task Messages_that_are_owed_to_nobody_are_counted_by_the_next_heartbeat_and_repeats_never()
    {
        await AcceptAsync(Owe(NewMessage("once")));
        await AcceptAsync(Owe(NewMessage("once")), Owe(NewMessage()));

        await Deliveries.HeartbeatAsync(_node, default);
        await Deliveries.HeartbeatAsync(_node, default);

        (await SumAsync(RollupScope.Of(Tenant))).Accepted.ShouldBe(2);
        (await SumAsync(RollupScope.Installation)).Accepted.ShouldBe(2);
    }

    [Fact]
    public async Task Accepted_messages_are_counted_over_a_stop_in_order()
    {
        await PublishAsync();

        await Deliveries.LeaveAsync(_node, default);
        await _store.ReopenAsync();

        (await SumAsync(RollupScope.Installation)).Accepted.ShouldBe(1);
    }

    [Fact]
    public async Task Durations_add_up_over_minutes_and_endpoints_so_that_percentiles_are_of_all_attempts()
    {
        var lanes = new[] { NewLane(), NewLane() };
        for (var minute = 0; minute < 50; minute++)
        {
            await PublishAsync(lanes);
            foreach (var lane in lanes)
            {
                var settlement = Delivered((await PendingAsync(lane)).Single());
                await SettleAsync(settlement with { Attempt = settlement.Attempt with { DurationMs = minute < 49 ? 5 : 7 } });
            }
            Clock.Advance(TimeSpan.FromMinutes(1));
        }

        var sum = await SumAsync(RollupScope.Installation, TimeSpan.FromHours(1));
        (sum.Durations.Count, sum.MaxDurationMs, sum.DurationMs).ShouldBe((100, 7, 98 * 5 + 2 * 7));
        (sum.Durations.Percentile(98, 60_000), sum.Durations.Percentile(99, 60_000)).ShouldBe((5, 7));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(60)]
    [InlineData(720)]
    public async Task A_series_tells_the_same_whatever_the_width_of_its_spans(int minutes)
    {
        var lane = NewLane();
        for (var i = 0; i < 9; i++)
        {
            await PublishAsync(lane);
            await SettleAsync(Delivered((await PendingAsync(lane)).Single()));
            Clock.Advance(TimeSpan.FromMinutes(23));
        }

        // From the second attempt to the one before the last: neither limit is the full hour.
        var width = TimeSpan.FromMinutes(minutes);
        var spans = (await Statistics.SumAsync([RollupScope.Of(lane)], Start.AddMinutes(23), Start.AddMinutes(8 * 23), width, default)).Single();

        spans.Sum(span => span.Sum.Succeeded).ShouldBe(7);
        spans.Select(span => span.Start).ShouldBe(spans.Select(span => span.Start).Distinct().Order());
        spans.ShouldAllBe(span => (span.Start - DateTimeOffset.UnixEpoch).Ticks % width.Ticks == 0);
        spans.Count.ShouldBe(Math.Min(7, 1 + (minutes == 720 ? 0 : (int)(161 / width.TotalMinutes))));
    }

    [Fact]
    public async Task Series_of_several_scopes_come_in_the_order_they_were_asked_for()
    {
        var lanes = new[] { NewLane(), NewLane(), NewLane() };
        await PublishAsync(lanes[2], lanes[0]);
        foreach (var lane in new[] { lanes[0], lanes[2] })
            await SettleAsync(Delivered((await PendingAsync(lane)).Single()));

        var series = await Statistics.SumAsync(
            [.. lanes.Select(RollupScope.Of)], Start.AddHours(-1), Start.AddHours(1), TimeSpan.FromMinutes(1), default);

        series.Select(spans => spans.Count).ShouldBe([1, 0, 1]);
    }

    [Fact]
    public async Task Pruning_keeps_an_hour_as_long_as_any_minute_of_it()
    {
        var lane = NewLane();
        foreach (var _ in new int[3])
        {
            await PublishAsync(lane);
            await SettleAsync(Delivered((await PendingAsync(lane)).Single()));
            Clock.Advance(TimeSpan.FromMinutes(40));
        }

        await PruneAsync(Start.AddMinutes(50));
        (await SumAsync(RollupScope.Installation)).Succeeded.ShouldBe(1);
        (await SumAsync(RollupScope.Installation, TimeSpan.FromHours(1))).Succeeded.ShouldBe(3);
        await PruneAsync(Start.AddMinutes(60));
        (await SumAsync(RollupScope.Installation, TimeSpan.FromHours(1))).Succeeded.ShouldBe(1);
        await PruneAsync(Start.AddHours(3), limit: 2);
        (await SumAsync(RollupScope.Of(lane), TimeSpan.FromHours(1))).Succeeded.ShouldBe(0);
    }

    [Fact]
    public async Task Endpoints_are_counted_by_condition_through_all_that_happens_to_them()
    {
        var (tenant, endpoints) = (await AddTenantAsync(), new List<Endpoint>());
        for (var i = 0; i < 6; i++)
            endpoints.Add(await AddEndpointAsync(tenant));
        (await Statistics.CountEndpointsAsync(Rule, default)).ShouldBe(new EndpointCounts(6, 0, 0, 0));
        await HealthAsync(
            new EndpointHealth(endpoints[0].Id, Start.AddMinutes(-1), 1, 0),
            new EndpointHealth(endpoints[1].Id, Start, 5, 0),
            new EndpointHealth(endpoints[2].Id, Start, 1, Start.AddSeconds(1).ToUnixTimeMilliseconds()),
            new EndpointHealth(endpoints[3].Id, Start, 1, 0),
            new EndpointHealth(endpoints[4].Id, Start.AddMinutes(-1), 9, 0));
        await Catalog.UpdateEndpointAsync(endpoints[4] with { Enabled = false }, endpoints[4].UpdatedAt, default);
        (await Statistics.CountEndpointsAsync(Rule, default)).ShouldBe(new EndpointCounts(2, 1, 2, 1));

        await HealthAsync(new EndpointHealth(endpoints[0].Id, null, 0, 0));
        await Catalog.DeleteEndpointAsync(endpoints[1].Id, default);
        await Catalog.DeleteEndpointAsync(endpoints[4].Id, default);
        (await Statistics.CountEndpointsAsync(Rule, default)).ShouldBe(new EndpointCounts(3, 1, 0, 0));

        await Catalog.UpdateEndpointAsync(endpoints[5] with { Enabled = false }, endpoints[5].UpdatedAt, default);
        await Catalog.UpdateEndpointAsync(endpoints[5] with { Enabled = true, Description = "again" }, endpoints[5].UpdatedAt, default);
        (await Statistics.CountEndpointsAsync(Rule, default)).ShouldBe(new EndpointCounts(3, 1, 0, 0));
    }

    [Fact]
    public async Task A_deleted_endpoint_leaves_no_health_behind()
    {
        var endpoint = await AddEndpointAsync(await AddTenantAsync());
        await HealthAsync(new EndpointHealth(endpoint.Id, Start, 9, 0));

        await Catalog.DeleteEndpointAsync(endpoint.Id, default);

        (await History.FindHealthAsync(endpoint.Id, default)).ShouldBeNull();
    }

    [Fact]
    public async Task An_endpoint_that_is_enabled_again_begins_without_the_failures_of_before()
    {
        var endpoint = await AddEndpointAsync(await AddTenantAsync());
        await HealthAsync(new EndpointHealth(endpoint.Id, Start, 40, 99));
        await Catalog.UpdateEndpointAsync(endpoint with { Enabled = false }, endpoint.UpdatedAt, default);
        (await History.FindHealthAsync(endpoint.Id, default)).ShouldNotBeNull();

        await Catalog.UpdateEndpointAsync(endpoint with { Enabled = true }, endpoint.UpdatedAt, default);

        (await History.FindHealthAsync(endpoint.Id, default)).ShouldBeNull();
    }

    [Fact]
    public async Task Endpoints_in_trouble_come_with_the_one_that_failed_longest_first_and_with_what_is_known_of_why()
    {
        var tenant = await AddTenantAsync();
        var (recent, old) = (await AddEndpointAsync(tenant), await AddEndpointAsync(tenant));
        var (fine, disabled) = (await AddEndpointAsync(tenant), await AddEndpointAsync(tenant));
        var message = await PublishAsync(old.Id);
        var settlement = Retried((await PendingAsync(old.Id)).Single(), TimeSpan.FromSeconds(5));
        var paused = Start.AddSeconds(9).ToUnixTimeMilliseconds();
        await SettleAsync(settlement with { Attempt = settlement.Attempt with { Error = "refused" } });
        await HealthAsync(
            new EndpointHealth(recent.Id, Start.AddSeconds(-10), 5, 0), new EndpointHealth(old.Id, Start.AddHours(-1), 7, paused),
            new EndpointHealth(fine.Id, Start.AddSeconds(-10), 1, 0), new EndpointHealth(disabled.Id, Start.AddDays(-5), 900, 0),
            new EndpointHealth(NewLane(), Start.AddDays(-9), 900, 0));
        await Catalog.UpdateEndpointAsync(disabled with { Enabled = false, DisabledReason = EndpointDisabledReason.FailingForTooLong }, disabled.UpdatedAt, default);

        var troubled = await Statistics.ReadTroubledAsync(Rule, null, 10, default);

        troubled.Select(one => one.Lane.EndpointId).ShouldBe([old.Id, recent.Id, disabled.Id]);
        var first = troubled[0];
        first.Lane.Health.ShouldBe(new EndpointHealth(old.Id, Start.AddHours(-1), 7, paused));
        (first.Lane.Pending.Count, first.Lane.OldestAcceptedAt, first.DisabledReason).ShouldBe((1, message.AcceptedAt, null));
        first.LastAttempt.ShouldBe(new LastAttempt(message.Id, settlement.Attempt.Id, Start, SendOutcome.Refused, 500, "refused"));
        troubled[2].DisabledReason.ShouldBe(EndpointDisabledReason.FailingForTooLong);
        troubled[2].LastAttempt.ShouldBeNull();
    }

    [Fact]
    public async Task Trouble_is_told_of_one_application_and_a_quarter_of_it_is_kept_for_what_the_engine_disabled()
    {
        var (tenant, elsewhere) = (await AddTenantAsync(), await AddApplicationAsync(null));
        for (var i = 0; i < 12; i++)
        {
            var endpoint = await AddEndpointAsync(i < 8 ? tenant : elsewhere);
            await HealthAsync(new EndpointHealth(endpoint.Id, Start.AddHours(-1), 9, 0));
            if (i is >= 4 and < 8)
                await Catalog.UpdateEndpointAsync(endpoint with { Enabled = false, DisabledReason = EndpointDisabledReason.Gone }, endpoint.UpdatedAt, default);
        }
        async Task<string> Kinds(Id<Application>? application, int limit) => string.Concat(
            (await Statistics.ReadTroubledAsync(Rule, application, limit, default)).Select(one => one.DisabledReason is null ? 'f' : 'd'));

        (await Kinds(null, 100)).ShouldBe("ffffffffdddd");
        (await Kinds(null, 8)).ShouldBe("ffffffdd");
        (await Kinds(tenant.Id, 6)).ShouldBe("ffffdd");
        (await Kinds(elsewhere.Id, 100)).ShouldBe("ffff");
    }

    private async Task<string> TellAsync(RollupScope scope)
    {
        var sum = await SumAsync(scope);
        return $"{sum.Accepted} accepted, {sum.Succeeded} delivered, {sum.Failed} failed, {sum.Retried} retried, {sum.GivenUp} given up";
    }

    private async Task<RollupSum> SumAsync(RollupScope scope, TimeSpan? width = null)
    {
        var total = new RollupSum();
        foreach (var span in (await Statistics.SumAsync([scope], Start, Start.AddHours(4), width ?? TimeSpan.FromMinutes(1), default)).Single())
            total.Add(span.Sum);
        return total;
    }

    private Task<bool> HealthAsync(params EndpointHealth[] health) => Deliveries.SettleAsync(new SettleBatch(_node, [], health, []), default);

    private async Task<Application> AddTenantAsync()
    {
        var tenant = await AddApplicationAsync(null);
        Tenant = tenant.Id;
        return tenant;
    }
}
