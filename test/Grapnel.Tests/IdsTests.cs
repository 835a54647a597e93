using CsCheck;
using Microsoft.Extensions.Time.Testing;

namespace Grapnel.Tests;

public sealed class IdsTests
{
    private static readonly Gen<UInt128> Values = Gen.Select(Gen.ULong, Gen.ULong, (high, low) => new UInt128(high, low));

    [Fact]
    public void An_id_reads_back_from_its_text_and_from_its_bytes() => Values.Sample(value =>
    {
        var id = new Id<Message>(value);
        Id<Message>.TryParse(id.ToString(), out var parsed).ShouldBeTrue();
        parsed.ShouldBe(id);
        Id<Message>.FromBytes(id.ToBytes()).ShouldBe(id);
    });

    [Fact]
    public void Order_is_the_same_as_number_as_text_and_as_bytes() => Gen.Select(Values, Values).Sample((a, b) =>
    {
        var (x, y) = (new Id<Message>(a), new Id<Message>(b));
        Math.Sign(string.CompareOrdinal(x.ToString(), y.ToString())).ShouldBe(Math.Sign(x.CompareTo(y)));
        Math.Sign(x.ToBytes().AsSpan().SequenceCompareTo(y.ToBytes())).ShouldBe(Math.Sign(x.CompareTo(y)));
    });

    [Theory]
    [InlineData("")]
    [InlineData("msg_")]
    [InlineData("ep_0000000000000000000000")]
    [InlineData("msg_000000000000000000000")]
    [InlineData("msg_00000000000000000000000")]
    [InlineData("msg_000000000000000000000!")]
    [InlineData("msg_zzzzzzzzzzzzzzzzzzzzzz")]
    public void What_is_no_id_of_the_kind_is_refused(string text) => Id<Message>.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void Ids_only_grow_also_when_the_clock_goes_back()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var ids = new IdGenerator(new JumpingClock(time));
        var last = ids.Next<Message>();
        for (var n = 0; n < 10_000; n++)
        {
            var next = ids.Next<Message>();
            next.CompareTo(last).ShouldBePositive();
            last = next;
        }
    }

    [Fact]
    public void An_id_tells_when_it_was_made()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2038, 1, 20, 0, 0, 0, TimeSpan.Zero));
        new IdGenerator(time).Next<Message>().Timestamp.ShouldBe(time.GetUtcNow());
    }

    /// <summary>A wall clock that steps back and forth.</summary>
    private sealed class JumpingClock(TimeProvider inner) : TimeProvider
    {
        private int _calls;

        public override DateTimeOffset GetUtcNow() => inner.GetUtcNow() - TimeSpan.FromMilliseconds(_calls++ % 7 * 1000);
    }
}
