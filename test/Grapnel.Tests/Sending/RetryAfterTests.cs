using Grapnel.Sending;

namespace Grapnel.Tests.Sending;

public sealed class RetryAfterTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("0", 0)]
    [InlineData("120", 120)]
    [InlineData(" 7 ", 7)]
    [InlineData("31536000", 31536000)]
    [InlineData("Mon, 23 Nov 2026 12:00:30 GMT", 30)]
    [InlineData("Monday, 23-Nov-26 12:00:30 GMT", 30)]
    [InlineData("Mon Nov 23 12:00:30 2026", 30)]
    [InlineData("Mon Nov  9 12:00:30 2026", 0)]
    [InlineData("Tue, 23 Nov 2027 12:00:00 GMT", 365 * 24 * 3600)]
    [InlineData("Mon, 23 Nov 2020 12:00:00 GMT", 0)]
    public void Seconds_and_dates_are_understood(string value, int seconds) =>
        RetryAfter.Parse(value, Now).ShouldBe(TimeSpan.FromSeconds(seconds));

    [Theory]
    [InlineData(""), InlineData("-1"), InlineData("+1"), InlineData("1.5"), InlineData("1e3"), InlineData("soon"), InlineData("0x10")]
    [InlineData("2026-11-23T12:00:30Z"), InlineData("Mon, 99 Nov 2026 12:00:30 GMT"), InlineData("\u0661")]
    public void Garbage_is_ignored(string value) => RetryAfter.Parse(value, Now).ShouldBeNull();

    [Theory]
    [InlineData("922337203686"), InlineData("9223372036854775807"), InlineData("99999999999999999999999999999999999999")]
    public void A_number_beyond_all_time_is_the_longest_pause(string value) => RetryAfter.Parse(value, Now).ShouldBe(TimeSpan.MaxValue);
}
