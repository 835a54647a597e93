using System.Text;

namespace Grapnel.Storage.Tests.Conformance;

/// <summary>Keys that several messages share, and keys of requests that are no publish.</summary>
public abstract partial class StoreConformance
{
    [Fact]
    public async Task A_group_with_a_known_key_stores_none_of_its_messages_and_returns_the_first_answer()
    {
        var lane = NewLane();
        await AcceptAsync(NewGroup(lane, count: 3));

        var repeat = await AcceptAsync([Owe(NewMessage(), lane), .. NewGroup(lane, count: 2), Owe(NewMessage(), lane)]);

        repeat.Receipts.Select(receipt => receipt.Status).ShouldBe(
            [AcceptStatus.Accepted, AcceptStatus.RepeatedKey, AcceptStatus.RepeatedKey, AcceptStatus.Accepted]);
        repeat.Receipts[2].Existing!.Response.ShouldBe("Accepted Accepted Accepted"u8.ToArray());
        (await PendingAsync(lane)).Count.ShouldBe(5);
    }

    [Fact]
    public async Task The_answer_of_a_group_tells_what_became_of_each_message()
    {
        await AcceptAsync(Owe(NewMessage("taken")));

        await AcceptAsync([.. NewGroup(NewLane(), 1, NewMessage("taken"))]);

        Encoding.UTF8.GetString((await Idempotency.FindAsync(KeyOf(9), default))!.Response).ShouldBe("Accepted RepeatedEventId");
    }

    [Fact]
    public async Task A_group_that_fails_leaves_its_key_free()
    {
        var lane = NewLane();
        var message = NewMessage();
        await AcceptAsync(Owe(message, lane));

        await Should.ThrowAsync<Exception>(() => AcceptAsync([.. NewGroup(lane, 1, message)]));

        (await Idempotency.FindAsync(KeyOf(9), default)).ShouldBeNull();
        (await PendingAsync(lane)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_answered_request_is_remembered_until_its_time_is_over_and_also_over_a_restart()
    {
        var entry = NewEntry(1);
        await Idempotency.AddAsync(entry, default);
        await _store.ReopenAsync();

        (await Idempotency.FindAsync(entry.Key, default)).ShouldBeEquivalentTo(entry);
        (await Idempotency.FindAsync(KeyOf(2), default)).ShouldBeNull();

        Clock.Advance(TimeSpan.FromHours(12));
        (await Idempotency.FindAsync(entry.Key, default)).ShouldBeNull();
    }

    [Fact]
    public async Task A_remembered_answer_is_not_replaced()
    {
        await Idempotency.AddAsync(NewEntry(1), default);

        await Idempotency.AddAsync(NewEntry(1) with { Response = "other"u8.ToArray() }, default);

        (await Idempotency.FindAsync(KeyOf(1), default))!.Response.ShouldBe("first"u8.ToArray());
    }

    [Fact]
    public async Task Of_answers_that_are_remembered_at_once_under_one_key_one_stays()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Idempotency.AddAsync(NewEntry(1) with { Response = [(byte)i] }, default)));

        var kept = (await Idempotency.FindAsync(KeyOf(1), default))!.Response;
        await Idempotency.AddAsync(NewEntry(1), default);
        await _store.ReopenAsync();
        (await Idempotency.FindAsync(KeyOf(1), default))!.Response.ShouldBe(kept);
    }

    [Fact]
    public async Task An_answer_of_any_size_is_remembered_under_any_key()
    {
        var keys = new[] { UInt128.Zero, UInt128.One, UInt128.MaxValue - 1, UInt128.MaxValue };
        var entries = keys.Select((key, i) => NewEntry(0) with { Key = key, Fingerprint = ~key, Response = new byte[i * 50_000] }).ToArray();
        await AcceptAsync([.. entries.Select(entry => new AcceptItem(NewMessage(), [], entry))]);
        await _store.ReopenAsync();

        foreach (var entry in entries)
            (await Idempotency.FindAsync(entry.Key, default)).ShouldBeEquivalentTo(entry);
    }

    [Fact]
    public async Task Publishes_and_other_requests_share_one_set_of_keys()
    {
        await Idempotency.AddAsync(NewEntry(1), default);

        (await AcceptAsync(new AcceptItem(NewMessage(), [], NewEntry(1)))).Receipts.Single().Status.ShouldBe(AcceptStatus.RepeatedKey);
    }

    [Fact]
    public async Task Expired_keys_go_in_steps_and_the_last_step_says_so()
    {
        for (byte key = 0; key < 5; key++)
            await Idempotency.AddAsync(NewEntry(key), default);
        Clock.Advance(TimeSpan.FromHours(12));

        var next = (await History.PruneAsync(Start, null, 3, default)).ShouldNotBeNull();
        (await History.PruneAsync(Start, next, 3, default)).ShouldBeNull();
    }

    private AcceptItem[] NewGroup(Id<Endpoint> lane, int count, params Message[] further)
    {
        var messages = Enumerable.Range(0, count).Select(_ => NewMessage()).Concat(further).ToList();
        var items = messages.Select(message => Owe(message, lane)).ToArray();
        items[0] = items[0] with { Group = new AcceptGroup(items.Length, KeyOf(9), 0, Words, Clock.GetUtcNow().AddHours(12)) };
        return items;
    }

    private static byte[] Words(ReadOnlyMemory<AcceptReceipt> receipts) =>
        Encoding.UTF8.GetBytes(string.Join(' ', receipts.ToArray().Select(receipt => receipt.Status)));

    private IdempotencyEntry NewEntry(byte key) => new(KeyOf(key), 0, "first"u8.ToArray(), Clock.GetUtcNow().AddHours(12));

    private static UInt128 KeyOf(byte key) => new((ulong)key << 32, key);
}
