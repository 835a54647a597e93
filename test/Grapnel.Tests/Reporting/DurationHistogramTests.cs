using CsCheck;
using Grapnel.Storage;

namespace Grapnel.Tests.Reporting;

public sealed class DurationHistogramTests
{
    // As exchanges take: most of them short, a few up to their limit of a minute.
    private static readonly Gen<int> Duration = Gen.Frequency((3, Gen.Int[0, 40]), (3, Gen.Int[0, 2_000]), (1, Gen.Int[0, 65_535]));
    private static readonly Gen<double> Percent = Gen.Frequency((3, Gen.OneOf(Gen.Const(50d), Gen.Const(95d), Gen.Const(99d), Gen.Const(100d))), (1, Gen.Double[0.01, 100]));

    [Fact]
    public void A_percentile_is_off_by_less_than_a_quarter_of_the_true_one_and_exact_below_8_ms() =>
        Gen.Select(Duration.Array[1, 300], Percent).Sample((durations, percent) =>
        {
            var truth = durations.Order().ElementAt(Math.Max(1, (int)Math.Ceiling(percent / 100 * durations.Length)) - 1);

            var estimate = Of(durations).Percentile(percent, durations.Max())!.Value;

            Math.Abs(estimate - truth).ShouldBeLessThanOrEqualTo(truth < 8 ? 0 : truth / 4);
        });

    [Fact]
    public void Percentiles_only_grow_and_none_is_longer_than_the_longest() =>
        Gen.Select(Gen.Int[0, 90_000].Array[1, 300], Percent, Percent).Sample((durations, a, b) =>
        {
            var histogram = Of(durations);
            int At(double percent) => histogram.Percentile(percent, durations.Max())!.Value;

            At(Math.Min(a, b)).ShouldBeLessThanOrEqualTo(At(Math.Max(a, b)));
            At(100).ShouldBeLessThanOrEqualTo(durations.Max());
        });

    [Fact]
    public void Adding_histograms_up_is_the_same_as_counting_everything_in_one_also_when_they_were_packed() =>
        Duration.Array[0, 50].Array[0, 10].Sample(parts =>
        {
            var whole = Of([.. parts.SelectMany(part => part)]);
            var (added, unpacked) = (new DurationHistogram(), new DurationHistogram());
            foreach (var part in parts.Select(Of))
            {
                added.Add(part);
                unpacked.AddPacked(Pack(part));
            }

            Pack(added).ShouldBe(Pack(whole));
            Pack(unpacked).ShouldBe(Pack(whole));
            (added.Count, unpacked.Count).ShouldBe((whole.Count, whole.Count));
        });

    [Fact]
    public void Counts_of_any_size_survive_packing()
    {
        var histogram = new DurationHistogram();
        histogram.Add(70_000);
        for (var doubling = 0; doubling < 40; doubling++)
            histogram.AddPacked(Pack(histogram));

        var copy = new DurationHistogram();
        copy.AddPacked(Pack(histogram));

        copy.Count.ShouldBe(1L << 40);
        copy.Percentile(50, 80_000).ShouldBe(80_000);
    }

    [Fact]
    public void A_typical_minute_takes_few_bytes() => Pack(Of([12, 13, 13, 14, 15, 18, 22, 25, 31, 60, 180])).Length.ShouldBeLessThan(24);

    [Fact]
    public void Without_any_duration_there_is_no_percentile() => new DurationHistogram().Percentile(50, 0).ShouldBeNull();

    private static DurationHistogram Of(int[] durations)
    {
        var histogram = new DurationHistogram();
        foreach (var duration in durations)
            histogram.Add(duration);
        return histogram;
    }

    private static byte[] Pack(DurationHistogram histogram)
    {
        var bytes = new byte[DurationHistogram.MaxPackedBytes];
        return bytes[..histogram.Pack(bytes)];
    }
}
