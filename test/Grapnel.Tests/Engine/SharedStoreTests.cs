using System.Collections.Concurrent;
using Grapnel.Dispatching;
using Grapnel.Registry;
using Grapnel.Storage;
using Grapnel.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace Grapnel.Tests.Engine;

/// <summary>What a node does in time because its store is one that nodes share.</summary>
public sealed class SharedStoreTests : IAsyncLifetime
{
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan EarlyBeat = TimeSpan.FromMilliseconds(2550);

    private readonly ConcurrentQueue<(string Verb, DateTimeOffset At)> _calls = new();
    private EngineHarness _engine = null!;

    public async ValueTask InitializeAsync() => _engine = await EngineHarness.StartAsync(services: services => services.AddSingleton<IDeliveryStore>(
        provider => new ChaosStore(provider.GetRequiredService<IStore>().Deliveries) { IsShared = true, Before = NoteAsync }));

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    [Fact]
    public async Task Outcomes_that_nobody_waits_for_gather_for_ten_milliseconds_from_the_last_write_and_go_together()
    {
        await _engine.AddEndpointAsync("http://127.0.0.1:1/");
        await DeliverFirstAsync();

        await _engine.PublishManyAsync(20);
        await GathersAsync();
        await _engine.UntilAsync(() => Task.FromResult(_engine.Receiver.Received.Count == 21));
        Count("Settle").ShouldBe(1, "the clock stands still");

        while (await _engine.PendingAsync() > 0)
            _engine.Time.Advance(Gathering);
        Count("Settle").ShouldBeLessThanOrEqualTo(4, "each write waits for what comes in the meantime");
    }

    [Fact]
    public async Task An_outcome_of_an_ordered_lane_is_written_at_once_and_takes_along_what_has_gathered()
    {
        await _engine.AddEndpointAsync("http://127.0.0.1:1/", input => input with { EventTypes = ["order.created"] });
        await DeliverFirstAsync();
        await _engine.PublishedAsync();
        await GathersAsync();

        await _engine.Get<EventTypeRegistry>().CreateAsync(new EventTypeInput { Name = "in.order", Description = "" }, default);
        await _engine.AddEndpointAsync("http://127.0.0.1:2/", input => input with { Ordered = true, EventTypes = ["in.order"] });
        for (var i = 0; i < 3; i++)
            await _engine.PublishedAsync(change: request => request with { EventType = "in.order" });

        await _engine.UntilAsync(async () => await _engine.PendingAsync() == 0);
    }

    [Fact]
    public async Task Lanes_that_are_given_back_wait_for_nothing()
    {
        var endpoint = await _engine.AddEndpointAsync("http://127.0.0.1:1/");
        await DeliverFirstAsync();
        await _engine.PublishedAsync();
        await GathersAsync();

        await _engine.Get<Settler>().ReleaseAsync([endpoint.Id]).WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_node_looks_for_one_that_was_killed_before_it_joined_as_soon_as_that_has_been_silent_for_long_enough()
    {
        await _engine.UntilAsync(() => Task.FromResult(_engine.Wall.Timers.Contains(EarlyBeat)));
        var joined = _engine.Time.GetUtcNow();

        _engine.Time.Advance(EarlyBeat);

        await _engine.UntilAsync(() => Task.FromResult(Count("Expel") == 1));
        _calls.Single(call => call.Verb == "Expel").At.ShouldBe(joined + EarlyBeat, "the first heartbeat by itself would come after three seconds");
    }

    private async Task DeliverFirstAsync()
    {
        await _engine.PublishedAsync();
        await _engine.UntilAsync(async () => await _engine.PendingAsync() == 0);
        Count("Settle").ShouldBe(1);
    }

    // Outcomes are there, and wait for the clock.
    private Task GathersAsync() => _engine.UntilAsync(() => Task.FromResult(_engine.Wall.Timers.Contains(Gathering)));

    private int Count(string verb) => _calls.Count(call => call.Verb == verb);

    private Task NoteAsync(string verb)
    {
        _calls.Enqueue((verb, _engine?.Time.GetUtcNow() ?? default));
        return Task.CompletedTask;
    }
}
