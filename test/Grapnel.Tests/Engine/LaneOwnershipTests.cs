using System.Collections.Concurrent;
using Grapnel.Sending;
using Grapnel.Storage;
using Grapnel.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace Grapnel.Tests.Engine;

/// <summary>
/// A lane has one owner, however slowly the store answers: a node sends nothing for a lane that it is giving back, and believes no answer that tells of an
/// ownership that is over.
/// </summary>
public sealed class LaneOwnershipTests : IAsyncLifetime
{
    private static readonly TimeSpan Sweep = new NodeOptions().Sweep;

    private readonly ConcurrentQueue<string> _calls = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _held = new();
    private EngineHarness _engine = null!;
    private Endpoint _endpoint = null!;
    private Id<Node>? _other;

    private IDeliveryStore Store => _engine.Get<IStore>().Deliveries;

    public async ValueTask InitializeAsync()
    {
        _engine = await EngineHarness.StartAsync(services: services => services.AddSingleton<IDeliveryStore>(
            provider => new ChaosStore(provider.GetRequiredService<IStore>().Deliveries) { IsShared = true, Before = NoteAsync, After = verb => HoldAsync($"after {verb}") }));
        _endpoint = await _engine.AddEndpointAsync("http://127.0.0.1:1/");
    }

    public ValueTask DisposeAsync()
    {
        foreach (var held in _held.Keys)
            Release(held);
        return _engine.DisposeAsync();
    }

    [Fact]
    public async Task A_node_sends_nothing_for_a_lane_that_it_is_giving_back_however_long_that_takes()
    {
        await PublishAndDeliverAsync();
        Hold("before Settle");
        await HandOverAsync();
        await CalledAsync("before Settle");
        _engine.Time.Advance(2 * Sweep);

        var late = await _engine.PublishedAsync();

        _engine.Dispatcher.FindLane(_endpoint.Id).ShouldBeNull("the store may give it to another node at any time");
        Release("before Settle");
        await DeliveredAsync(late);
        _engine.Receiver.Received.Count.ShouldBe(2);
    }

    [Fact]
    public async Task What_came_for_a_lane_that_went_to_another_node_is_not_sent_here_any_more_even_when_the_lane_comes_back()
    {
        await PublishAndDeliverAsync();
        Hold("before Settle");
        Hold("after Settle");
        await HandOverAsync();
        await CalledAsync("before Settle");
        _engine.Time.Advance(2 * Sweep);
        var message = await _engine.PublishedAsync();
        Release("before Settle");
        await CalledAsync("after Settle");

        // The other one takes the lane, sends what is there, and gives it back.
        await TakeElsewhereAsync();
        Release("after Settle");
        await SettleElsewhereAsync(message);
        var next = await _engine.PublishedAsync();

        await DeliveredAsync(next);
        _engine.Receiver.Received.Count(request => request.MessageId == message.Id.ToString()).ShouldBe(0);
    }

    [Fact]
    public async Task A_lane_is_not_given_back_while_an_answer_about_it_is_on_its_way()
    {
        Hold("after Accept");
        var publishing = _engine.PublishedAsync();
        await CalledAsync("after Accept");
        // The sweep finds that the lane has come to this node, before the acceptor hears of it.
        await _engine.UntilAsync(() => SweptAsync(() => _engine.Dispatcher.FindLane(_endpoint.Id) is not null));
        await _engine.UntilAsync(() => SweptAsync(() => _engine.Receiver.Received.Count == 1 && _engine.Dispatcher.FindLane(_endpoint.Id) is { InFlight: 0 }));
        _engine.Dispatcher.Surrender(1);
        var looks = Looks;
        await _engine.UntilAsync(() => SweptAsync(() => Looks > looks + 1));

        _engine.Dispatcher.FindLane(_endpoint.Id).ShouldNotBeNull();

        Release("after Accept");
        await publishing;
        await _engine.UntilAsync(() => SweptAsync(() => _engine.Dispatcher.FindLane(_endpoint.Id) is null));
    }

    [Fact]
    public async Task A_node_that_was_given_up_owns_no_lane_because_of_an_answer_to_its_earlier_life()
    {
        Hold("after Accept");
        var publishing = _engine.PublishedAsync();
        await CalledAsync("after Accept");
        var earlier = _engine.Dispatcher.Node;
        await Store.LeaveAsync(earlier, default);
        await TakeElsewhereAsync();
        await _engine.UntilAsync(() => SweptAsync(() => _engine.Dispatcher.Node != earlier));

        Release("after Accept");
        var message = await publishing;

        _engine.Dispatcher.FindLane(_endpoint.Id).ShouldBeNull("it is the other node's");
        await Store.LeaveAsync(_other!.Value, default);
        _other = null;
        await DeliveredAsync(message);
        _engine.Receiver.Received.Count.ShouldBe(1);
    }

    // Between any two, what is to be given back is.
    private int Looks => _calls.Count(call => call == "before TakeLanes");

    private async Task PublishAndDeliverAsync() => await DeliveredAsync(await _engine.PublishedAsync());

    private async Task HandOverAsync()
    {
        _engine.Dispatcher.Surrender(1);
        await _engine.UntilAsync(() => SweptAsync(() => _engine.Dispatcher.FindLane(_endpoint.Id) is null));
    }

    private Task DeliveredAsync(Message message) => _engine.UntilAsync(() => SweptAsync(
        () => _engine.Outcomes.Any(outcome => outcome.Delivery.Message.Id == message.Id && outcome.Settlement.End == DeliveryEnd.Delivered)));

    private async Task TakeElsewhereAsync()
    {
        _other = await Store.JoinAsync("other", NodeRoles.All, default);
        (await Store.TakeLanesAsync(_other.Value, 10, default)).ShouldBe([_endpoint.Id]);
    }

    private async Task SettleElsewhereAsync(Message message)
    {
        var page = await Store.ReadLaneAsync(new LaneRead(_endpoint.Id, false, -1, 0, 10, 1 << 20, new HashSet<long>()), default);
        var delivery = page.Deliveries.Single(delivery => delivery.Message.Id == message.Id);
        var attempt = new Attempt
        {
            Id = _engine.Get<IdGenerator>().Next<Attempt>(), ApplicationId = _endpoint.ApplicationId, EndpointId = _endpoint.Id, MessageId = message.Id,
            Url = _endpoint.Url, Trigger = Trigger.Scheduled, Number = 1, StartedAt = _engine.Time.GetUtcNow(), DurationMs = 1, Outcome = SendOutcome.Success, StatusCode = 200,
        };
        var settlement = new Settlement(attempt, delivery.Seq, delivery.Trigger, DeliveryEnd.Delivered, 0, 1);
        (await Store.SettleAsync(new SettleBatch(_other!.Value, [settlement], [], [_endpoint.Id]), default)).ShouldBeTrue();
    }

    private async Task<bool> SweptAsync(Func<bool> condition)
    {
        _engine.Time.Advance(Sweep / 10);
        if (_other is { } other)
            await Store.HeartbeatAsync(other, default);
        await Task.Yield();
        return condition();
    }

    private void Hold(string moment) => _held[moment] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Release(string moment)
    {
        if (_held.TryRemove(moment, out var held))
            held.TrySetResult();
    }

    private Task CalledAsync(string moment) => _engine.UntilAsync(() => Task.FromResult(_calls.Contains($"held {moment}")));

    private async Task NoteAsync(string verb)
    {
        _calls.Enqueue($"before {verb}");
        await HoldAsync($"before {verb}");
    }

    private async Task HoldAsync(string moment)
    {
        if (!_held.TryGetValue(moment, out var held))
            return;
        _calls.Enqueue($"held {moment}");
        await held.Task;
    }
}
