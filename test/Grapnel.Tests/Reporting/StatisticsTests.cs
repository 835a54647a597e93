using Grapnel.Dispatching;
using Grapnel.Registry;
using Grapnel.Reporting;
using Grapnel.Storage;
using Grapnel.Tests.Engine;

namespace Grapnel.Tests.Reporting;

public sealed class StatisticsTests
{
    private const string Ok = "http://127.0.0.1:1/ok";
    private const string Down = "http://127.0.0.1:1/down";
    private const string Gone = "http://127.0.0.1:1/gone";

    [Fact]
    public async Task Rates_are_averages_of_ten_seconds_with_a_history_of_two_minutes()
    {
        await using var engine = await EngineHarness.StartAsync();
        await engine.AddEndpointAsync(Ok);
        await engine.PublishManyAsync(20);
        await engine.QuietAsync();

        await TickAsync(engine, 1);
        engine.Get<LiveRates>().Now.Now.ShouldBe(new RatePoint(10, 10, 0));
        await TickAsync(engine, 4);
        engine.Get<LiveRates>().Now.Now.ShouldBe(new RatePoint(2, 2, 0));
        await TickAsync(engine, 1);
        engine.Get<LiveRates>().Now.Now.ShouldBe(default);

        engine.Get<LiveRates>().Now.History.Select(point => point.Delivered).ShouldBe([10, 0, 0, 0, 0, 0]);
        await TickAsync(engine, LiveRates.Points);
        engine.Get<LiveRates>().Now.History.ShouldBe(new RatePoint[LiveRates.Points]);
    }

    [Fact]
    public async Task Home_is_told_what_goes_well_and_what_does_not()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.BreakerThreshold = 1);
        await engine.AddEndpointAsync(Ok);
        await engine.AddEndpointAsync(Down);
        engine.Receiver.AnswerWith(request => request.Url == Down ? 500 : 200);
        var accepted = engine.Time.GetUtcNow();
        await engine.PublishManyAsync(10);
        await engine.QuietAsync();
        await engine.Get<IDeliveryStore>().HeartbeatAsync(engine.Dispatcher.Node, default);

        var live = await engine.Get<Statistics>().ReadLiveAsync(default);

        (live.Pending, live.OldestPendingAt).ShouldBe((10, accepted));
        live.Endpoints.Total.ShouldBe(2);
        live.Endpoints.InTrouble.ShouldBe(1);
        var total = live.LastHour.Total;
        (total.Accepted, total.Delivered, total.Failed).ShouldBe((10, 10, 0));
        total.Retried.ShouldBeGreaterThan(0);
        total.SuccessRate.ShouldBe(10d / (10 + total.FailedAttempts));
        total.Latency.ShouldNotBeNull();
        (live.LastHour.Points.Count, live.LastHour.Points[^1].Figures.Delivered).ShouldBe((60, 10));
    }

    [Fact]
    public async Task A_chart_of_applications_adds_them_up_and_leaves_out_the_others()
    {
        await using var engine = await EngineHarness.StartAsync();
        var (a, b) = (await AddApplicationAsync(engine, "a"), await AddApplicationAsync(engine, "b"));
        foreach (var application in new[] { "a", "b", Application.DefaultUid })
        {
            await engine.AddEndpointAsync(Ok, application: application);
            await engine.PublishManyAsync(3, application: application);
        }
        await engine.QuietAsync();
        await engine.Get<IDeliveryStore>().HeartbeatAsync(engine.Dispatcher.Node, default);
        var statistics = engine.Get<Statistics>();

        foreach (var range in Enum.GetValues<StatisticsRange>())
        {
            (await statistics.ReadSeriesAsync(range, [a, b, a], default)).Total.ShouldSatisfyAllConditions(
                total => total.Accepted.ShouldBe(6), total => total.Delivered.ShouldBe(6));
            (await statistics.ReadSeriesAsync(range, [a], default)).Total.Delivered.ShouldBe(3);
            (await statistics.ReadSeriesAsync(range, default)).Total.Delivered.ShouldBe(9);
        }
    }

    [Fact]
    public async Task A_page_of_endpoints_tells_of_each_what_happened_what_waits_and_how_it_is()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.BreakerThreshold = 1);
        var (good, bad, idle) = (
            await engine.AddEndpointAsync(Ok), await engine.AddEndpointAsync(Down),
            await engine.AddEndpointAsync(Ok, input => input with { Enabled = false }));
        engine.Receiver.AnswerWith(request => request.Url == Down ? 500 : 200);
        await engine.PublishManyAsync(10);
        await engine.QuietAsync();

        foreach (var range in new[] { StatisticsRange.Hour, StatisticsRange.Day })
        {
            var page = await engine.Get<Statistics>().ReadEndpointsAsync(range, [bad, idle, good], default);

            page.Select(one => one.EndpointId).ShouldBe([bad.Id, idle.Id, good.Id]);
            page.Select(one => one.Condition).ShouldBe([EndpointCondition.InTrouble, EndpointCondition.Disabled, EndpointCondition.Healthy]);
            page.Select(one => one.Lane.Stored.Pending.Count).ShouldBe([10, 0, 0]);
            page.Select(one => one.Series.Total.SuccessRate).ShouldBe([0, null, 1]);
            page[0].Lane.State.ShouldBe(LaneState.BreakerOpen);
            page[2].Series.Points[^1].Figures.Delivered.ShouldBe(10);
        }
    }

    [Fact]
    public async Task Trouble_is_told_with_its_reason_its_backlog_and_the_next_probe()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.BreakerThreshold = 1);
        await engine.AddEndpointAsync(Ok);
        var (down, gone) = (await engine.AddEndpointAsync(Down), await engine.AddEndpointAsync(Gone));
        engine.Receiver.AnswerWith(request => request.Url switch { Down => 500, Gone => 410, _ => 200 });
        var disabled = engine.WhenChanged(gone.Id);
        await engine.PublishManyAsync(10);
        await engine.QuietAsync();
        await disabled;

        var troubles = await engine.Get<Statistics>().ReadTroublesAsync(null, 10, default);

        troubles.Select(trouble => trouble.Endpoint.Id).ShouldBe([down.Id, gone.Id]);
        troubles[0].Lane.Stored.Health!.FailingSince.ShouldNotBeNull();
        troubles[0].Lane.PausedUntil.ShouldNotBeNull().ShouldBeGreaterThan(engine.Time.GetUtcNow());
        (troubles[0].Lane.Stored.Pending.Count, troubles[0].LastAttempt!.StatusCode).ShouldBe((10, 500));
        (troubles[1].Endpoint.DisabledReason, troubles[1].LastAttempt!.StatusCode).ShouldBe((EndpointDisabledReason.Gone, 410));
    }

    [Fact]
    public async Task Everybody_who_looks_within_a_moment_shares_one_read()
    {
        await using var engine = await EngineHarness.StartAsync();
        var statistics = engine.Get<Statistics>();

        var first = await statistics.ReadSeriesAsync(StatisticsRange.Day, default);
        (await statistics.ReadSeriesAsync(StatisticsRange.Day, default)).ShouldBeSameAs(first);
        engine.Time.Advance(Statistics.Period);
        (await statistics.ReadSeriesAsync(StatisticsRange.Day, default)).ShouldNotBeSameAs(first);
    }

    private static async Task<Id<Application>> AddApplicationAsync(EngineHarness engine, string uid) =>
        (await engine.Get<ApplicationRegistry>().CreateAsync(new ApplicationInput { Name = uid, Uid = uid })).Id;

    private static async Task TickAsync(EngineHarness engine, int times)
    {
        for (var i = 0; i < times; i++)
        {
            var before = engine.Get<LiveRates>().Now;
            engine.Time.Advance(LiveRates.Tick);
            await engine.UntilAsync(() => Task.FromResult(engine.Get<LiveRates>().Now != before));
        }
    }
}
