using CsCheck;
using Grapnel.Housekeeping;

namespace Grapnel.Tests.Housekeeping;

public sealed class ScheduleCalendarTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 31, 23, 59, 30, 500, TimeSpan.Zero);

    private static readonly Gen<DateTimeOffset> AnyTime =
        Gen.Long[0, new DateTimeOffset(2400, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds()].Select(DateTimeOffset.FromUnixTimeMilliseconds);

    private static readonly Gen<string> CronLike =
        Gen.OneOf("*", "*/5", "*/0", "0", "1-5", "5-1", "31", "2", "99", "-1", "1,2", "?", "L", "15W", "MON", "FEB", "MON#2", "5L", "H", "@daily", "é")
            .Array[1, 7].Select(fields => string.Join(' ', fields));

    [Theory]
    [InlineData("*/5 * * * *", "2026-02-01T00:00:00Z")]
    [InlineData("*/10 * * * * *", "2026-01-31T23:59:40Z")]
    [InlineData("  30   8 * *  MON-FRI ", "2026-02-02T08:30:00Z")]
    [InlineData("0 0 29 2 *", "2028-02-29T00:00:00Z")]
    public void A_cron_expression_has_five_fields_or_six_with_seconds_in_UTC(string cron, string next) =>
        ScheduleCalendar.Next(Cron(cron), Start, 0.5).ShouldBe(DateTimeOffset.Parse(next));

    [Fact]
    public void The_runs_to_come_are_told_one_after_the_other_as_long_as_there_are_any()
    {
        ScheduleCalendar.Upcoming("0 9 * * 1", Start, 3).ShouldBe(
            [DateTimeOffset.Parse("2026-02-02T09:00:00Z"), DateTimeOffset.Parse("2026-02-09T09:00:00Z"), DateTimeOffset.Parse("2026-02-16T09:00:00Z")]);
        ScheduleCalendar.Upcoming("0 0 30 2 *", Start, 3).ShouldBeEmpty();
    }

    [Fact]
    public void Dates_from_2038_on_work() =>
        ScheduleCalendar.Next(Cron("14 3 19 1 *"), new DateTimeOffset(2038, 1, 19, 3, 14, 7, TimeSpan.Zero), 0.5)
            .ShouldBe(new DateTimeOffset(2039, 1, 19, 3, 14, 0, TimeSpan.Zero));

    [Theory]
    [InlineData("2026-03-29T00:00:00Z"), InlineData("2026-10-25T00:00:00Z")]
    public void An_hourly_schedule_runs_24_times_on_a_day_when_clocks_change_somewhere(string day)
    {
        var (at, end, runs) = (DateTimeOffset.Parse(day), DateTimeOffset.Parse(day).AddDays(1), 0);
        while ((at = ScheduleCalendar.Next(Cron("30 * * * *"), at, 0.5)) < end)
            runs++;
        runs.ShouldBe(24);
    }

    [Fact]
    public void The_next_occurrence_is_always_later() =>
        Gen.Select(AnyTime, Gen.OneOf("* * * * *", "* * * * * *", "0 0 1 1 *", "0 12 * * 7"), Gen.Double.Unit).Sample((after, cron, random) =>
            ScheduleCalendar.Next(Cron(cron), after, random) > after);

    [Fact]
    public void A_random_interval_stays_between_its_ends_and_on_whole_milliseconds() =>
        Gen.Select(AnyTime, Gen.Long[1000, 86_400_000], Gen.Long[0, 86_400_000], Gen.Double.Unit).Sample((after, minMs, spanMs, random) =>
        {
            var next = ScheduleCalendar.Next(Interval(minMs, minMs + spanMs), after, random);
            var gap = (next - after).TotalMilliseconds;
            return gap >= minMs && gap <= minMs + spanMs && next.Ticks % TimeSpan.TicksPerMillisecond == 0;
        });

    [Fact]
    public void A_schedule_without_another_occurrence_is_never_due() =>
        ScheduleCalendar.Next(Cron("0 0 30 2 *"), Start, 0.5).ShouldBe(ScheduleCalendar.Never);

    [Theory]
    [InlineData("*/5 * * * *", null, null)]
    [InlineData(null, 1, 1)]
    [InlineData(null, 60, 3600)]
    public void What_makes_sense_is_accepted(string? cron, int? min, int? max) => ErrorsOf(cron, min, max).ShouldBeEmpty();

    [Theory]
    [InlineData(null, null, null, "cron")]
    [InlineData("* * * * *", 1, 2, "cron")]
    [InlineData("* * * * *", 1, null, "cron")]
    [InlineData("", null, null, "cron")]
    [InlineData("every day", null, null, "cron")]
    [InlineData("61 * * * *", null, null, "cron")]
    [InlineData("* * * * * * *", null, null, "cron")]
    [InlineData("H * * * *", null, null, "cron")]
    [InlineData("0 0 30 2 *", null, null, "cron")]
    [InlineData(null, 5, null, "maxInterval")]
    [InlineData(null, null, 5, "minInterval")]
    [InlineData(null, 0, 5, "minInterval")]
    [InlineData(null, 10, 5, "maxInterval")]
    [InlineData(null, 10, 367 * 86_400, "maxInterval")]
    public void What_makes_no_sense_is_refused_by_field(string? cron, int? min, int? max, string field)
    {
        var error = ErrorsOf(cron, min, max).ShouldHaveSingleItem();
        error.Field.ShouldBe(field);
        error.Message.ShouldNotBeNullOrWhiteSpace();
    }

    [Fact]
    public void Every_field_at_fault_is_named() => ErrorsOf(null, 0, -1).Select(e => e.Field).ShouldBe(["minInterval", "maxInterval"]);

    [Fact]
    public void Whatever_is_written_as_cron_gets_an_answer_and_what_is_accepted_can_run() =>
        Gen.OneOf(Gen.String, CronLike).Sample(text =>
        {
            if (ScheduleCalendar.Validate(text, null, null, Start).Count == 0)
                ScheduleCalendar.Next(Cron(text), Start, 0.5).ShouldBeGreaterThan(Start);
        }, iter: 20_000);

    private static IReadOnlyList<FieldError> ErrorsOf(string? cron, int? min, int? max) =>
        ScheduleCalendar.Validate(cron, Seconds(min), Seconds(max), Start);

    private static TimeSpan? Seconds(int? seconds) => seconds is { } s ? TimeSpan.FromSeconds(s) : null;

    private static Schedule Cron(string cron) => Schedules.Empty with { Cron = cron };

    private static Schedule Interval(long minMs, long maxMs) => Schedules.Empty with
    {
        MinInterval = TimeSpan.FromMilliseconds(minMs),
        MaxInterval = TimeSpan.FromMilliseconds(maxMs),
    };
}
