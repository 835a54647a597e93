using System.Text;
using CsCheck;
using Grapnel.Storage.Sqlite;

namespace Grapnel.Storage.Tests.Sqlite;

public sealed class IdempotencyChunkTests
{
    // Few different bytes, so that responses are alike at both ends, at one, in all, or not at all.
    private static readonly Gen<byte[]> Responses = Gen.Byte[0, 1].Array[0, 12];

    [Fact]
    public void Every_entry_is_read_back_as_it_was_however_alike_the_responses_are() => Responses.Array[1, 20].Sample(responses =>
    {
        var entries = responses.Select((response, i) => new IdempotencyEntry((UInt128)(i + 7), (UInt128)(i * i), response, DateTimeOffset.UnixEpoch.AddDays(i))).ToArray();
        var packed = Pack(entries);

        IdempotencyChunk.Places(packed).ShouldBe(entries.Select((entry, i) => (entry.Key, (long)i)));
        foreach (var (i, entry) in entries.Index())
            IdempotencyChunk.Find(packed, entry.Key, i).ShouldBeEquivalentTo(entry);
        IdempotencyChunk.Find(packed, 6, 0).ShouldBeNull();
        IdempotencyChunk.Find(packed, 7, entries.Length).ShouldBeNull();
    });

    [Fact]
    public void A_chunk_is_packed_anew_after_it_was_cleared()
    {
        var chunk = new IdempotencyChunk();
        chunk.Add(new IdempotencyEntry(1, 1, "first"u8.ToArray(), DateTimeOffset.UnixEpoch), 1);
        chunk.Clear();
        var second = new IdempotencyEntry(2, 2, "first"u8.ToArray(), DateTimeOffset.UnixEpoch);
        chunk.Add(second, 2);

        IdempotencyChunk.Find(chunk.Packed, 2, 2).ShouldBeEquivalentTo(second);
    }

    [Fact]
    public void An_answer_that_differs_from_others_in_an_id_and_a_time_takes_less_than_half_its_size()
    {
        static byte[] Answer(string id, string time) => Encoding.UTF8.GetBytes(
            $$"""{"id":"msg_03533{{id}}","eventType":"order.created","timestamp":"2026-11-24T08:31:59.{{time}}Z","owed":[{"endpointId":"ep_035331tjjZLXlmSyIwZVyV","uid":"billing","url":"https://billing.example.com/hooks","reason":"eventType"}],"notOwed":[]}""");
        var answers = Enumerable.Range(0, 256).Select(i => Answer($"{i:000}uZBipq9bgcSHw{i:000}", $"{i:000}")).ToArray();

        Pack([.. answers.Select((answer, i) => new IdempotencyEntry((UInt128)i, 0, answer, DateTimeOffset.UnixEpoch))]).Length
            .ShouldBeLessThan(256 * (60 + answers[0].Length / 2));
    }

    private static byte[] Pack(IdempotencyEntry[] entries)
    {
        var chunk = new IdempotencyChunk();
        foreach (var (i, entry) in entries.Index())
            chunk.Add(entry, i);
        return chunk.Packed.ToArray();
    }
}
