using Grapnel.Reporting;

namespace Grapnel.Tests.Reporting;

public sealed class SpansTests
{
    private static readonly DateTimeOffset Now = new(2030, 5, 17, 13, 47, 21, TimeSpan.Zero);

    [Fact]
    public void Spans_cover_their_range_begin_at_full_widths_and_end_with_the_one_that_is_going_on()
    {
        var lengths = new[] { TimeSpan.FromHours(1), TimeSpan.FromDays(1), TimeSpan.FromDays(7), TimeSpan.FromDays(30) };
        foreach (var (range, length) in Enum.GetValues<StatisticsRange>().Zip(lengths))
        foreach (var spans in new[] { Spans.ForChart(range, Now), Spans.ForLine(range, Now) })
        {
            (spans.Count * spans.Width).ShouldBe(length);
            ((spans.Since - DateTimeOffset.UnixEpoch).Ticks % spans.Width.Ticks).ShouldBe(0);
            Now.ShouldBeInRange(spans.Until - spans.Width, spans.Until);
            spans.Count.ShouldBeInRange(24, 96);
        }
    }
}
