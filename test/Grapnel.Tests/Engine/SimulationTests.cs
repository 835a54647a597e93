using System.Collections.Concurrent;
using Grapnel.Dispatching;
using Grapnel.Registry;

namespace Grapnel.Tests.Engine;

/// <summary>
/// Random days in the life of a node: publishes, edits, resends, cancellations, restarts, receivers of every mood, all drawn from one seed.
/// At the end a ledger of what was acknowledged is held against what arrived and what the store says.
/// </summary>
public sealed class SimulationTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Every_acknowledged_delivery_arrives_once_or_has_its_end_on_record(int seed)
    {
        var random = new Random(seed);
        await using var engine = await EngineHarness.StartAsync(o =>
        {
            o.LaneWindow = random.Next(1, 30);
            o.WindowBytes = random.Next(200, 20_000);
            o.EndpointConcurrency = random.Next(1, 6);
            o.LaneLinger = 7 * Second;
        });
        var endpoints = new List<Endpoint>();
        for (var n = 0; n < 5; n++)
            endpoints.Add(await engine.AddEndpointAsync($"http://127.0.0.1:1/{n}", e => Draw(e, random, n)));
        var moods = endpoints.ToDictionary(e => e.Url, _ => 0.3);
        engine.Receiver.AnswerWith(r => Answer(moods[r.Url], Draw(seed, r, engine.Receiver.Received.Count)));

        var acknowledged = new ConcurrentBag<(Message Message, Endpoint Endpoint)>();
        for (var step = 0; step < 60; step++)
            await StepAsync(engine, endpoints, moods, acknowledged, random);

        // Everybody is well again and enabled; whatever is pending gets its chance.
        foreach (var url in moods.Keys.ToList())
            moods[url] = 0;
        foreach (var endpoint in endpoints)
            await engine.EditAsync(endpoint, e => e with { Enabled = true });
        for (var n = 0; n < 400 && await engine.PendingAsync() > 0; n++)
            await engine.AdvanceAsync(20 * Second, 5 * Second);

        (await engine.PendingAsync()).ShouldBe(0);
        // An outcome is told after it is durable.
        var delivered = 0;
        foreach (var (message, endpoint) in acknowledged)
            delivered += (await engine.StateAsync(message, endpoint)).End == DeliveryEnd.Delivered ? 1 : 0;
        SettledAttempt[] Deliveries() => [.. engine.Outcomes.Where(o => o.Settlement is { End: DeliveryEnd.Delivered, Trigger: Trigger.Scheduled })];
        await engine.UntilAsync(() => Task.FromResult(Deliveries().Length >= delivered));
        var arrived = Deliveries()
            .GroupBy(o => (o.Delivery.Message.Id, o.Endpoint.Id)).ToDictionary(g => g.Key, g => g.Count());
        arrived.Values.ShouldAllBe(count => count == 1);
        foreach (var (message, endpoint) in acknowledged)
        {
            var state = await engine.StateAsync(message, endpoint);
            state.End.ShouldNotBeNull();
            arrived.ContainsKey((message.Id, endpoint.Id)).ShouldBe(state.End == DeliveryEnd.Delivered);
            if (state.End is DeliveryEnd.Exhausted)
                state.Attempts.ShouldBe(endpoint.RetrySchedule!.Count + 1);
        }
        OrderedInOrder(engine, endpoints);
    }

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 12)];

    private static EndpointInput Draw(EndpointInput input, Random random, int n) => input with
    {
        Ordered = n == 0,
        RateLimit = random.Next(3) == 0 ? random.Next(1, 20) : null,
        MaxConcurrency = random.Next(3) == 0 ? random.Next(1, 4) : null,
        RetrySchedule = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => Second * random.Next(1, 60))],
    };

    private static async Task StepAsync(
        EngineHarness engine, List<Endpoint> endpoints, Dictionary<string, double> moods,
        ConcurrentBag<(Message, Endpoint)> acknowledged, Random random)
    {
        switch (random.Next(12))
        {
            case < 6:
                var delay = random.Next(4) == 0 ? Second * random.Next(1, 100) : TimeSpan.Zero;
                await Task.WhenAll(Enumerable.Range(0, random.Next(1, 12)).Select(async n =>
                {
                    var result = await engine.PublishAsync(
                        $"{acknowledged.Count}.{n}", r => r with { DeliverAt = delay > TimeSpan.Zero ? engine.Time.GetUtcNow() + delay : null });
                    foreach (var decision in result.Decisions!.Where(d => d.Owed))
                        acknowledged.Add((result.Message!, decision.Endpoint));
                }));
                break;
            case < 9:
                await engine.AdvanceAsync(Second * random.Next(1, 30), 5 * Second);
                break;
            case 9:
                moods[endpoints[random.Next(endpoints.Count)].Url] = random.NextDouble();
                break;
            case 10:
                var endpoint = endpoints[random.Next(endpoints.Count)];
                await engine.EditAsync(endpoint, e => e with { Enabled = !e.Enabled });
                break;
            default:
                await engine.QuietAsync();
                await engine.RestartAsync();
                break;
        }
    }

    private static int Answer(double badness, double draw) => draw >= badness ? 200 : draw < badness / 8 ? 503 : 500;

    private static double Draw(int seed, Received received, int count) =>
        new Random(received.MessageId.Aggregate(seed * 31 + count, (hash, c) => unchecked(hash * 31 + c))).NextDouble();

    private static void OrderedInOrder(EngineHarness engine, List<Endpoint> endpoints)
    {
        var ordered = endpoints.Single(e => e.Ordered);
        var first = engine.Outcomes.Where(o => o.Endpoint.Id == ordered.Id && o.Settlement.Trigger == Trigger.Scheduled && o.Settlement.End is not null)
            .Where(o => o.Delivery.Message.DeliverAt is null).Select(o => o.Settlement.Seq).ToList();
        first.ShouldBe(first.Order());
    }
}
