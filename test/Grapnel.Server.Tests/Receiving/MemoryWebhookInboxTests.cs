using Grapnel.Receiving;
using Microsoft.Extensions.Time.Testing;

namespace Grapnel.Server.Tests.Receiving;

/// <summary>How much is remembered, and how long.</summary>
public sealed class MemoryWebhookInboxTests
{
    [Fact]
    public async Task It_remembers_so_many_and_forgets_the_oldest_first()
    {
        var inbox = new MemoryWebhookInbox(capacity: 3);
        await using var app = await StartAsync(inbox);
        foreach (var id in new[] { "1", "2", "3", "4" })
            await app.SendAsync(id);
        inbox.Count.ShouldBe(3);
        (await RanAsync(app, "2", "3", "4", "1")).ShouldBe(["1"]);
    }

    [Fact]
    public async Task It_remembers_so_long()
    {
        var time = new FakeTimeProvider();
        var inbox = new MemoryWebhookInbox(age: TimeSpan.FromHours(1), time: time);
        await using var app = await StartAsync(inbox);
        await app.SendAsync("1");
        time.Advance(TimeSpan.FromMinutes(40));
        await app.SendAsync("2");
        time.Advance(TimeSpan.FromMinutes(21));
        (await RanAsync(app, "2", "1")).ShouldBe(["1"]);
        inbox.Count.ShouldBe(2);
    }

    private readonly List<string> _ran = [];

    private Task<ReceivingApp> StartAsync(MemoryWebhookInbox inbox) => ReceivingApp.StartAsync(
        webhook =>
        {
            _ran.Add(webhook.Id);
            return Task.CompletedTask;
        },
        options => options.Inbox = inbox);

    private async Task<string[]> RanAsync(ReceivingApp app, params string[] ids)
    {
        _ran.Clear();
        foreach (var id in ids)
            await app.SendAsync(id);
        return [.. _ran];
    }
}
