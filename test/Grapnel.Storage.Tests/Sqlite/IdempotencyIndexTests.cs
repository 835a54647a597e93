using System.Buffers.Binary;
using System.Security.Cryptography;
using Grapnel.Storage.Sqlite;

namespace Grapnel.Storage.Tests.Sqlite;

/// <summary>Idempotency keys are found wherever they are on their way from memory into the tree.</summary>
public sealed class IdempotencyIndexTests : SqliteTests
{
    private static readonly TimeSpan Window = TimeSpan.FromHours(12);

    // A sixteenth of the usual: what happens at its ends is the same.
    private const int RunLength = 8_192;

    private protected override int IdempotencyRunLength => RunLength;

    [Fact]
    public async Task A_key_is_found_while_it_is_new_while_it_is_merged_and_once_it_is_in_the_tree()
    {
        await AddAsync(first: 0, count: 2 * RunLength + RunLength / 4);

        InTree().ShouldBeInRange(RunLength + 1, 2 * RunLength - 1, "one run is merged, the other half way");
        await ShouldKnowAsync(0, 2 * RunLength + RunLength / 4);
    }

    [Fact]
    public async Task Keys_that_were_not_in_the_tree_yet_are_found_after_a_restart()
    {
        await AddAsync(0, RunLength + RunLength / 4);
        await Under.ReopenAsync();

        await ShouldKnowAsync(0, RunLength + RunLength / 4);
        await AddAsync(1_000_000, RunLength);
        await ShouldKnowAsync(0, RunLength + RunLength / 4);
        await ShouldKnowAsync(1_000_000, RunLength);
    }

    [Theory]
    [InlineData(RunLength)]
    [InlineData(RunLength - 500)]
    [InlineData(RunLength / 2 * 3 - 500)]
    [InlineData(2 * RunLength - 500)]
    public async Task A_transaction_that_is_undone_while_keys_move_or_a_run_begins_or_ends_loses_none_and_invents_none(int before)
    {
        await AddAsync(0, before);

        await FailToAddAsync(900_000, 1_000);

        (await Store.Idempotency.FindAsync(KeyOf(900_500), default)).ShouldBeNull();
        await ShouldKnowAsync(0, before);
        await AddAsync(1_000_000, RunLength);
        await ShouldKnowAsync(0, before);
        await ShouldKnowAsync(1_000_000, RunLength);
    }

    [Fact]
    public async Task What_the_tree_knows_of_expired_keys_goes_with_later_ones()
    {
        await AddAsync(0, 3 * RunLength);
        Clock.Advance(Window);
        await PruneAsync(DateTimeOffset.UnixEpoch);

        await AddAsync(2_000_000, 2 * RunLength);

        InTree().ShouldBeLessThanOrEqualTo(2 * RunLength, "nothing of the first three runs is left");
        await ShouldKnowAsync(2_000_000, 2 * RunLength);
    }

    [Fact]
    public async Task Keys_that_are_still_in_force_are_found_after_the_tree_was_swept()
    {
        await AddAsync(0, 4 * RunLength);
        Clock.Advance(Window / 2);
        await AddAsync(2_000_000, 2 * RunLength);
        Clock.Advance(Window / 2);
        await PruneAsync(DateTimeOffset.UnixEpoch);

        await AddAsync(3_000_000, 3 * RunLength);

        InTree().ShouldBeLessThanOrEqualTo(5 * RunLength, "the first four runs were swept");
        await ShouldKnowAsync(2_000_000, 2 * RunLength);
    }

    [Fact]
    public async Task Large_answers_are_forgotten_a_few_at_a_time()
    {
        for (var i = 0; i < 5; i++)
            await Store.Idempotency.AddAsync(EntryOf(i) with { Response = new byte[2 << 20] }, default);
        Clock.Advance(Window);

        (await Store.History.PruneAsync(DateTimeOffset.UnixEpoch, null, 100, default)).ShouldNotBeNull("there are more");
        Count("SELECT count(*) FROM idempotency").ShouldBe(3);
        (await Store.History.PruneAsync(DateTimeOffset.UnixEpoch, null, 100, default)).ShouldNotBeNull();
        (await Store.History.PruneAsync(DateTimeOffset.UnixEpoch, null, 100, default)).ShouldBeNull();
        Count("SELECT count(*) FROM idempotency").ShouldBe(0);
    }

    [Fact]
    public async Task A_key_that_is_used_anew_after_its_time_gives_the_new_answer_from_the_tree_too()
    {
        await AddAsync(0, RunLength);
        Clock.Advance(Window);
        await AddAsync(0, 100, answer: 7);
        await AddAsync(1_000_000, 2 * RunLength);

        InTree().ShouldBeGreaterThan(RunLength + 100);
        (await Store.Idempotency.FindAsync(KeyOf(50), default))!.Response.ShouldBe([7]);
        (await Store.Idempotency.FindAsync(KeyOf(500), default)).ShouldBeNull();
    }

    [Fact]
    public async Task A_key_that_is_used_anew_before_its_first_use_was_swept_gives_the_new_answer_after_a_restart_too()
    {
        await AddAsync(0, 100);
        Clock.Advance(Window);
        await AddAsync(0, 100, answer: 7);

        await Under.ReopenAsync();

        for (var i = 0; i < 100; i++)
            (await Store.Idempotency.FindAsync(KeyOf(i), default)).ShouldNotBeNull($"key {i}").Response.ShouldBe([7]);
    }

    [Fact]
    public async Task A_transaction_that_is_undone_does_not_have_all_keys_read_again()
    {
        await AddAsync(0, 1_000);
        await TakeLoadStepsAsync();

        await FailToAddAsync(900_000, 10);

        await ShouldKnowAsync(0, 1_000);
        (await TakeLoadStepsAsync()).ShouldBe(0);
    }

    private async Task AddAsync(int first, int count, byte answer = 1)
    {
        for (var done = 0; done < count; done += 1_024)
        {
            var entries = Enumerable.Range(first + done, Math.Min(1_024, count - done)).Select(i => EntryOf(i, answer));
            await Store.Deliveries.AcceptAsync(new AcceptBatch(Node, [.. entries.Select(entry => new AcceptItem(NewMessage(), [], entry))], []), default);
        }
    }

    private Task FailToAddAsync(int first, int count) => Should.ThrowAsync<InvalidOperationException>(Store.Gate.RunAsync<bool>(session =>
    {
        var store = (SqliteIdempotencyStore)Store.Idempotency;
        store.Begin();
        for (var i = 0; i < count; i++)
            store.Add(session, EntryOf(first + i), SqliteDeliveryStore.ReserveSeqs(session, 1));
        store.Store(session);
        throw new InvalidOperationException("undo this");
    }));

    private async Task ShouldKnowAsync(int first, int count)
    {
        var items = Enumerable.Range(first, count).Select(i => new AcceptItem(NewMessage(), [], EntryOf(i))).ToList();
        var repeats = await Store.Deliveries.AcceptAsync(new AcceptBatch(Node, items, []), default);
        repeats.Receipts.Count(receipt => receipt.Status == AcceptStatus.RepeatedKey).ShouldBe(count);
    }

    private IdempotencyEntry EntryOf(int i, byte answer = 1) => new(KeyOf(i), (UInt128)i, [answer], Clock.GetUtcNow() + Window);

    // As random as a hash, which it is.
    private static UInt128 KeyOf(int i) => BinaryPrimitives.ReadUInt128BigEndian(SHA256.HashData(BitConverter.GetBytes(i)));

    private Task<int> TakeLoadStepsAsync() => Store.Gate.RunAsync(session => session.Statements
        .Where(statement => statement.Key.StartsWith("SELECT entries FROM idempotency WHERE n > ", StringComparison.Ordinal))
        .Sum(statement => statement.Value.TakeVmSteps()));

    private long InTree() => Count("SELECT count(*) FROM idempotency_index");

    private long Count(string sql) => Store.Gate.RunAsync(session => session.Prepare(sql).RunInt64()).GetAwaiter().GetResult();
}
