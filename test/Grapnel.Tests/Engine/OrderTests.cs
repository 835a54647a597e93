using System.Reflection;
using Grapnel.Registry;
using Grapnel.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Grapnel.Tests.Engine;

public sealed class OrderTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private static async Task PublishInTurnAsync(EngineHarness engine, int count)
    {
        for (var n = 0; n < count; n++)
            await engine.PublishedAsync(n.ToString());
    }

    [Fact]
    public async Task An_ordered_endpoint_gets_its_messages_one_at_a_time_in_the_order_of_acceptance()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.LaneWindow = 7);
        await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { Ordered = true });
        engine.Receiver.Answer = async (_, _) => { await Task.Yield(); return ScriptedHandler.Status(200); };
        await PublishInTurnAsync(engine, 60);
        await engine.QuietAsync();
        engine.Receiver.Bodies().ShouldBe(Enumerable.Range(0, 60).Select(n => n.ToString()));
        engine.Receiver.MostOpen.ShouldBe(1);
    }

    [Fact]
    public async Task The_head_of_an_ordered_endpoint_is_retried_before_anything_behind_it_is_sent()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.Jitter = 0);
        await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { Ordered = true, RetrySchedule = [10 * Second, 10 * Second] });
        engine.Receiver.AnswerWith(r => r.Body == "1" && engine.Receiver.Bodies().Count(b => b == "1") < 3 ? 500 : 200);
        await PublishInTurnAsync(engine, 4);
        await engine.QuietAsync();
        engine.Receiver.Bodies().ShouldBe(["0", "1"]);
        await engine.AdvanceAsync(25 * Second, Second);
        engine.Receiver.Bodies().ShouldBe(["0", "1", "1", "1", "2", "3"]);
    }

    [Fact]
    public async Task An_exhausted_head_is_skipped_where_the_endpoint_says_so()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.Jitter = 0);
        await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { Ordered = true, RetrySchedule = [] });
        engine.Receiver.AnswerWith(r => r.Body == "1" ? 500 : 200);
        await PublishInTurnAsync(engine, 3);
        await engine.AdvanceAsync(Second);
        engine.Receiver.Bodies().ShouldBe(["0", "1", "2"]);
    }

    [Fact]
    public async Task An_exhausted_head_pauses_the_endpoint_where_it_says_so_and_the_queue_waits_for_a_person()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.Jitter = 0);
        var endpoint = await engine.AddEndpointAsync(
            "http://127.0.0.1:1/", e => e with { Ordered = true, OnExhausted = OnExhausted.Pause, RetrySchedule = [] });
        engine.Receiver.AnswerWith(r => r.Body == "1" ? 500 : 200);
        var disabled = engine.WhenChanged(endpoint.Id);
        await PublishInTurnAsync(engine, 2);
        (await disabled).DisabledReason.ShouldBe(EndpointDisabledReason.OrderedExhausted);
        await engine.QuietAsync();
        engine.Receiver.Bodies().ShouldBe(["0", "1"]);

        await engine.EditAsync(endpoint, e => e with { Enabled = true });
        await engine.PublishedAsync("2");
        await engine.QuietAsync();
        engine.Receiver.Bodies().ShouldBe(["0", "1", "2"]);
    }

    [Fact]
    public async Task A_pause_holds_although_the_process_stops_in_order_while_the_last_attempt_at_the_head_is_under_way()
    {
        await using var engine = await EngineHarness.StartAsync();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/", Pausing);
        var (arrived, refuse) = (new TaskCompletionSource(), new TaskCompletionSource());
        engine.Receiver.Answer = async (_, _) =>
        {
            arrived.TrySetResult();
            await refuse.Task;
            return ScriptedHandler.Status(500);
        };
        await PublishInTurnAsync(engine, 2);
        await arrived.Task;

        var stopping = engine.StopAsync();
        refuse.SetResult();
        await stopping;
        await engine.BootAsync();
        await engine.QuietAsync();

        (await engine.Get<ICatalogStore>().ReadEndpointsAsync([endpoint.Id], default))[0].DisabledReason.ShouldBe(EndpointDisabledReason.OrderedExhausted);
        engine.Receiver.Bodies().ShouldBe(["0"]);
    }

    [Fact]
    public async Task It_is_not_durable_that_a_head_was_given_up_before_its_endpoint_is_disabled_however_often_the_store_refuses_that()
    {
        var disk = new Disk();
        await using var engine = await disk.StartAsync();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/", Pausing);
        engine.Receiver.AnswerWith(_ => 500);
        await PublishInTurnAsync(engine, 2);

        await engine.UntilAsync(() => TurnedAsync(() => disk.Refused > 5));
        var pending = await engine.PendingAsync();
        disk.IsFull = false;
        await engine.UntilAsync(() => TurnedAsync(() => engine.Outcomes.Any(outcome => outcome.Disables is not null)));

        (await engine.Get<ICatalogStore>().ReadEndpointsAsync([endpoint.Id], default))[0].DisabledReason.ShouldBe(EndpointDisabledReason.OrderedExhausted);
        (pending, await engine.PendingAsync()).ShouldBe((2, 1));
        engine.Receiver.Bodies().ShouldBe(["0"]);

        Task<bool> TurnedAsync(Func<bool> isSo)
        {
            engine.Time.Advance(Second / 4);
            return Task.FromResult(isSo());
        }
    }

    [Fact]
    public async Task A_head_whose_endpoint_cannot_be_disabled_before_the_process_ends_is_sent_again_and_nothing_overtakes_it()
    {
        var disk = new Disk();
        await using var engine = await disk.StartAsync();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/", Pausing);
        engine.Receiver.AnswerWith(_ => 500);
        await PublishInTurnAsync(engine, 2);
        await engine.UntilAsync(() => Task.FromResult(disk.Refused > 0));

        var stopping = engine.StopAsync();
        await engine.UntilAsync(() =>
        {
            engine.Time.Advance(Second);
            return Task.FromResult(stopping.IsCompleted);
        });
        disk.IsFull = false;
        await engine.BootAsync();
        await engine.UntilAsync(async () => !(await engine.Get<ICatalogStore>().ReadEndpointsAsync([endpoint.Id], default))[0].Enabled);
        await engine.QuietAsync();

        engine.Receiver.Bodies().ShouldBe(["0", "0"]);
    }

    [Fact]
    public async Task The_order_survives_a_restart_in_the_middle_of_a_retry()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.Jitter = 0);
        await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { Ordered = true, RetrySchedule = [30 * Second, 30 * Second] });
        engine.Receiver.AnswerWith(r => r.Body == "0" ? 500 : 200);
        await PublishInTurnAsync(engine, 3);
        await engine.QuietAsync();
        await engine.RestartAsync();
        await engine.AdvanceAsync(29 * Second, Second);
        engine.Receiver.Bodies().ShouldBe(["0"]);
        engine.Receiver.AnswerWith(_ => 200);
        await engine.AdvanceAsync(3 * Second, Second);
        engine.Receiver.Bodies().ShouldBe(["0", "0", "1", "2"]);
    }

    [Fact]
    public async Task A_scheduled_message_joins_an_ordered_lane_when_it_is_due_and_does_not_hold_it_before()
    {
        await using var engine = await EngineHarness.StartAsync();
        await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { Ordered = true });
        await engine.PublishedAsync("later", r => r with { DeliverAt = engine.Time.GetUtcNow() + 60 * Second });
        await engine.PublishedAsync("now");
        await engine.QuietAsync();
        engine.Receiver.Bodies().ShouldBe(["now"]);
        await engine.AdvanceAsync(61 * Second);
        engine.Receiver.Bodies().ShouldBe(["now", "later"]);
    }

    private static EndpointInput Pausing(EndpointInput input) => input with { Ordered = true, OnExhausted = OnExhausted.Pause, RetrySchedule = [] };

    /// <summary>A disk that is full when endpoints are to be changed.</summary>
    private sealed class Disk
    {
        private int _refused;

        public bool IsFull { get; set; } = true;

        /// <summary>How many changes it had no room for.</summary>
        public int Refused => Volatile.Read(ref _refused);

        public Task<EngineHarness> StartAsync() => EngineHarness.StartAsync(services: services => services.AddSingleton(provider =>
            FlakyCatalog.Over(provider.GetRequiredService<IStore>().Catalog, () => IsFull && Interlocked.Increment(ref _refused) > 0)));
    }

    /// <summary>Refuses some changes of endpoints.</summary>
#pragma warning disable CA1852 // The proxy is made from it.
    private class FlakyCatalog : DispatchProxy
#pragma warning restore CA1852
    {
        private ICatalogStore _inner = null!;
        private Func<bool> _refuses = null!;

        public static ICatalogStore Over(ICatalogStore inner, Func<bool> refuses)
        {
            var store = Create<ICatalogStore, FlakyCatalog>();
            var proxy = (FlakyCatalog)(object)store;
            (proxy._inner, proxy._refuses) = (inner, refuses);
            return store;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name == nameof(ICatalogStore.UpdateEndpointAsync) && _refuses()
            ? Task.FromException<bool>(new IOException("The disk is full."))
            : targetMethod.Invoke(_inner, args);
    }
}
