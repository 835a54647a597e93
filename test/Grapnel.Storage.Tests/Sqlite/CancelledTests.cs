namespace Grapnel.Storage.Tests.Sqlite;

public sealed class CancelledTests : SqliteTests
{
    [Fact]
    public async Task What_is_cancelled_is_counted_in_the_minute_of_its_end_for_its_endpoint()
    {
        var (lane, other) = (Ids.Next<Endpoint>(), Ids.Next<Endpoint>());
        var messages = new[] { NewMessage(), NewMessage(), NewMessage() };
        await Store.Deliveries.AcceptAsync(new AcceptBatch(Node, [.. messages.Select(message => new AcceptItem(message, [lane, other], null))], []), default);
        Clock.Advance(TimeSpan.FromSeconds(90));

        await Store.Deliveries.CancelAsync(messages[0], lane, default);
        await Store.Deliveries.CancelAsync(messages[1], null, default);
        await Store.Deliveries.CancelOlderAsync(lane, Clock.GetUtcNow(), new LanePosition(1, 0), 10, default);

        (await CancelledAsync(lane)).ShouldBe(3);
        (await CancelledAsync(other)).ShouldBe(1);
    }

    private Task<long> CancelledAsync(Id<Endpoint> lane) => Store.Gate.RunAsync(session => session
        .Prepare("SELECT cancelled FROM rollup WHERE width = 1 AND start = ? AND scope = ?")
        .Bind(new DateTimeOffset(2026, 3, 1, 12, 1, 0, TimeSpan.Zero).ToUnixTimeMilliseconds()).Bind(lane).RunInt64());
}
