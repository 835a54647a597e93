using CsCheck;
using Grapnel.Dispatching;

namespace Grapnel.Tests.Dispatching;

public sealed class TokenBucketTests
{
    [Fact]
    public void Over_any_interval_it_grants_at_most_rate_times_time_plus_capacity() =>
        Gen.Select(Gen.Int[1, 5000], Gen.Select(Gen.Int[0, 1500], Gen.OneOf(0, 1, 100, int.MaxValue)).Array[1, 300]).Sample((rate, steps) =>
        {
            var grants = GrantsOf(rate, steps);
            for (var from = 0; from < grants.Count; from++)
                for (var (to, sum) = (from, 0L); to < grants.Count; to++)
                {
                    sum += grants[to].Count;
                    if (sum > rate * (grants[to].AtMs - grants[from].AtMs) / 1000.0 + rate)
                        return false;
                }
            return true;
        }, iter: 50);

    [Fact]
    public void It_never_wastes_a_token_while_somebody_waits() =>
        Gen.Select(Gen.Int[2, 3000], Gen.Int[1, 500].Array[1, 200]).Sample((rate, steps) =>
        {
            var total = GrantsOf(rate, [.. steps.Select(ms => (ms, int.MaxValue))]).Sum(g => g.Count);
            // Emptied at every step, it never runs over: less than one token is left, and a step adds at most half of what it holds.
            return total == rate + (long)rate * steps.Sum() / 1000;
        }, iter: 2000);

    [Fact]
    public void It_names_the_exact_millisecond_of_the_next_token() =>
        Gen.Select(Gen.Int[1, 5000], Gen.Int[0, 2000].Array[1, 50]).Sample((rate, steps) =>
        {
            var (bucket, nowMs) = (new TokenBucket(rate, 0), 0L);
            foreach (var step in steps)
            {
                nowMs = Math.Max(nowMs + step, bucket.NextTokenAtMs - 1);
                while (TryTake(bucket, nowMs)) { }
                if (TryTake(bucket, bucket.NextTokenAtMs - 1) || !TryTake(bucket, nowMs = bucket.NextTokenAtMs))
                    return false;
            }
            return true;
        });

    [Fact]
    public void It_starts_full_and_holds_one_second_of_tokens()
    {
        var bucket = new TokenBucket(3, nowMs: 1_000_000);
        Enumerable.Range(0, 5).Count(_ => TryTake(bucket, 1_000_000)).ShouldBe(3);
        bucket.NextTokenAtMs.ShouldBe(1_000_334);
        TryTake(bucket, 1_000_500).ShouldBeTrue();
        Enumerable.Range(0, 5).Count(_ => TryTake(bucket, 9_000_000_000)).ShouldBe(3, "a long quiet time saves up no more than the capacity");
    }

    [Fact]
    public void At_another_rate_it_goes_on_with_what_it_has_and_holds_no_more_than_that_rate_allows()
    {
        var bucket = new TokenBucket(10, nowMs: 0);
        bucket.SetRate(2_500, 0);
        Enumerable.Range(0, 5).Count(_ => TryTake(bucket, 0)).ShouldBe(2);
        bucket.NextTokenAtMs.ShouldBe(200, "half a token was left");

        bucket.SetRate(0, 100);
        bucket.NextTokenAtMs.ShouldBe(long.MaxValue);
        TryTake(bucket, 1_000_000).ShouldBeFalse();

        bucket.SetRate(100, 1_000_000);
        bucket.NextTokenAtMs.ShouldBe(1_010_000, "a tenth of a token per second");
        Enumerable.Range(0, 5).Count(_ => TryTake(bucket, 9_000_000_000)).ShouldBe(1, "what is slower than one token per second holds one");
    }

    private static bool TryTake(TokenBucket bucket, long nowMs)
    {
        if (!bucket.HasToken(nowMs))
            return false;
        bucket.Take();
        return true;
    }

    private static List<(long AtMs, int Count)> GrantsOf(int rate, (int Ms, int Wanted)[] steps)
    {
        var (bucket, nowMs, grants) = (new TokenBucket(rate, 0), 0L, new List<(long, int)>());
        foreach (var (ms, wanted) in steps.Prepend((0, int.MaxValue)))
        {
            nowMs += ms;
            var count = 0;
            while (count < wanted && TryTake(bucket, nowMs))
                count++;
            grants.Add((nowMs, count));
        }
        return grants;
    }
}
