using System.Collections.Concurrent;
using Grapnel.Storage.Redis;
using Grapnel.Testing;

namespace Grapnel.Tests.Engine;

/// <summary>The whole engine with Redis as the queue in front of SQLite.</summary>
public sealed class RedisQueueTests : IAsyncLifetime
{
    private RedisServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await RedisServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task However_often_Redis_forgets_everything_each_delivery_arrives_and_its_attempts_are_counted_on()
    {
        await using var engine = await StartAsync();
        await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { RetrySchedule = [TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(4)] });
        var tries = new ConcurrentDictionary<string, int>();
        engine.Receiver.AnswerWith(request => tries.AddOrUpdate(request.MessageId, 1, (_, n) => n + 1) < 3 ? 500 : 200);

        for (var round = 0; round < 4; round++)
        {
            await engine.PublishManyAsync(20, $"{round}.");
            await engine.AdvanceAsync(TimeSpan.FromSeconds(1));
            await _server.FlushAsync();
            await engine.AdvanceAsync(TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(1));
        }
        await UntilDoneAsync(engine);

        engine.Receiver.Bodies().Distinct().Count().ShouldBe(80);
        await engine.QuietAsync();
        // What was in flight when the node began a new life may be sent once more under the same number. No number is left out, and none begins anew.
        foreach (var outcomes in engine.Outcomes.GroupBy(outcome => outcome.Delivery.Message.Id, outcome => outcome.Settlement))
        {
            outcomes.Select(settlement => settlement.Attempts).Distinct().ShouldBe(Enumerable.Range(1, outcomes.Max(settlement => settlement.Attempts)));
            outcomes.ShouldContain(settlement => settlement.End == DeliveryEnd.Delivered);
        }
    }

    [Fact]
    public async Task What_is_published_while_Redis_is_away_is_sent_when_it_is_back()
    {
        await using var engine = await StartAsync();
        await engine.AddEndpointAsync("http://127.0.0.1:1/");
        await engine.PublishManyAsync(3, "before.");
        await engine.QuietAsync();

        await _server.StopAsync();
        await engine.PublishManyAsync(20, "during.");
        await _server.StartAgainAsync();
        await engine.PublishManyAsync(3, "after.");
        await UntilDoneAsync(engine);

        engine.Receiver.Bodies().Distinct().Count().ShouldBe(26);
    }

    // Connecting again takes as long as it takes, by a clock that nobody turns.
    private static Task UntilDoneAsync(EngineHarness engine) => engine.UntilAsync(async () =>
    {
        engine.Time.Advance(TimeSpan.FromSeconds(1));
        await Task.Yield();
        return await engine.PendingAsync() == 0;
    });

    private Task<EngineHarness> StartAsync() => EngineHarness.StartAsync(
        options => options.Jitter = 0, services => services.AddGrapnelRedisQueue(options => options.ConnectionString = _server.ConnectionString));
}
