using Grapnel.Storage;
using Grapnel.Storage.Sqlite;
using Grapnel.Tests.Engine;
using Microsoft.Extensions.DependencyInjection;

namespace Grapnel.Tests.Housekeeping;

/// <summary>The sweep beside everything else, in the whole engine over a real store.</summary>
public sealed class RetentionTests
{
    [Theory]
    [InlineData("Messages")]
    [InlineData("Payloads")]
    public async Task The_file_stays_as_large_as_what_is_kept_and_nothing_is_lost_while_the_sweep_runs(string what)
    {
        const int perHour = 400, hours = 10, kept = 2;
        await using var engine = await EngineHarness.StartAsync(services: services => services.Configure<RetentionOptions>(options =>
        {
            if (what == "Messages")
                options.Messages = TimeSpan.FromHours(kept);
            else
                options.Payloads = options.Attempts = TimeSpan.FromHours(kept);
        }));
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/");
        var large = new string('x', 8_000);
        var (published, pages) = (new List<List<Message>>(), new List<long>());
        for (var hour = 0; hour < hours; hour++)
        {
            engine.Time.Advance(TimeSpan.FromHours(1));
            // While the sweep runs.
            published.Add(await PublishAsync(engine, perHour, large));
            // Not only quiet: the lane may just have been given back, because it had nothing to do for an hour, and is taken again first.
            await engine.UntilAsync(async () => await engine.PendingAsync() == 0);
            if (hour > kept)
                await engine.UntilAsync(async () => await FindPayloadAsync(engine, published[hour - kept - 1][^1]) is null);
            pages.Add(await PagesAsync(engine));
        }

        // At the most there are the hours that are kept, the one being published and the one being swept. Where only payloads go, a row of each
        // message and of its attempt stays.
        var pagesOfAnHour = pages[1] - pages[0];
        var most = pages[0] + pagesOfAnHour * (kept + 1);
        pages[^1].ShouldBeLessThan(most * (what == "Messages" ? 110 : 120) / 100, string.Join(' ', pages));
        var last = published.TakeLast(kept).SelectMany(messages => messages).ToList();
        foreach (var message in last)
        {
            (await engine.StateAsync(message, endpoint)).End.ShouldBe(DeliveryEnd.Delivered);
            (await FindPayloadAsync(engine, message)).ShouldNotBeNull();
        }
        engine.Receiver.Received.CountBy(request => request.MessageId).ShouldAllBe(pair => pair.Value == 1);
        engine.Receiver.Received.Count.ShouldBe(perHour * hours);
    }

    private static async Task<List<Message>> PublishAsync(EngineHarness engine, int count, string payload) =>
        [.. await Task.WhenAll(Enumerable.Range(0, count).Select(_ => engine.PublishedAsync(payload)))];

    private static async Task<ReadOnlyMemory<byte>?> FindPayloadAsync(EngineHarness engine, Message message) =>
        (await engine.Get<IHistoryStore>().FindMessageAsync(message.ApplicationId, message.Id.ToString(), default))?.Payload;

    private static Task<long> PagesAsync(EngineHarness engine) =>
        ((SqliteStore)engine.Get<IStore>()).Readers.RunAsync(session => session.Prepare("PRAGMA page_count").RunInt64(), default);
}
