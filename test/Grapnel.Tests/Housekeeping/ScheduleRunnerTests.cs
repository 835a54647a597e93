using System.Threading.Channels;
using Grapnel.Housekeeping;
using Grapnel.Registry;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Grapnel.Tests.Housekeeping;

public sealed class ScheduleRunnerTests : IAsyncDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 5, 1, 8, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SleepyTime _time = new(Start);
    private readonly CatalogEvents _events = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<string> _published = Channel.CreateUnbounded<string>();
    private readonly List<Task> _running = [];
    private Action<Schedule> _fault = _ => { };

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running).WaitAsync(Patience);
    }

    [Fact]
    public async Task An_occurrence_is_published_at_its_time_and_the_schedule_moves_on()
    {
        var schedule = Hourly(1, Start.AddMinutes(1));
        var shelf = ScheduleShelf.With(schedule);
        await RunAsync(shelf);
        Published().ShouldBeEmpty();

        await PassAsync(TimeSpan.FromMinutes(1));

        Published().ShouldBe([ScheduleRunner.EventId(schedule, Start.AddMinutes(1))]);
        shelf.NextAt(schedule).ShouldBe(Start.AddHours(1));
    }

    [Fact]
    public void The_event_id_names_schedule_and_occurrence() =>
        ScheduleRunner.EventId(Hourly(1, Start), Start).ShouldBe("sched_0000000000000000000001.1777622400000");

    [Fact]
    public async Task What_was_missed_while_no_node_ran_is_made_up_for_by_one_run()
    {
        var schedule = Hourly(1, Start.AddHours(-10));
        var shelf = ScheduleShelf.With(schedule);

        await RunAsync(shelf);

        Published().Count.ShouldBe(1);
        shelf.NextAt(schedule).ShouldBe(Start.AddHours(1));
    }

    [Fact]
    public async Task A_crash_between_publishing_and_moving_on_repeats_the_same_event_id()
    {
        var schedule = Hourly(1, Start);
        var shelf = ScheduleShelf.With(schedule);
        shelf.AdvanceFaults = 1;
        await RunAsync(shelf);

        await PassAsync(ScheduleRunner.RetryPause);

        var id = ScheduleRunner.EventId(schedule, Start);
        Published().ShouldBe([id, id]);
        shelf.NextAt(schedule).ShouldBe(Start.AddHours(1));
    }

    [Fact]
    public async Task Several_nodes_publish_an_occurrence_under_one_event_id_and_move_it_on_once()
    {
        var schedule = Hourly(1, Start.AddMinutes(1));
        var shelf = ScheduleShelf.With(schedule);
        await RunAsync(shelf);
        await RunAsync(shelf);

        _time.Advance(TimeSpan.FromMinutes(1));
        await _time.FallAsleepAsync();
        await _time.FallAsleepAsync();

        Published().Distinct().ShouldBe([ScheduleRunner.EventId(schedule, Start.AddMinutes(1))]);
        shelf.NextAt(schedule).ShouldBe(Start.AddHours(1));
    }

    [Fact]
    public async Task A_publish_that_fails_is_retried_and_does_not_stop_other_schedules()
    {
        var (broken, sound) = (Hourly(1, Start.AddSeconds(-1)), Hourly(2, Start));
        var shelf = ScheduleShelf.With(broken, sound);
        _fault = schedule => { if (schedule.Id == broken.Id) throw new StoreUnavailableException("away"); };
        await RunAsync(shelf);
        Published().ShouldBe([ScheduleRunner.EventId(sound, Start)]);
        shelf.NextAt(broken).ShouldBe(broken.NextAt);

        _fault = _ => { };
        await PassAsync(ScheduleRunner.RetryPause);

        Published().ShouldBe([ScheduleRunner.EventId(broken, broken.NextAt)]);
    }

    [Fact]
    public async Task However_many_schedules_fail_others_get_their_turn()
    {
        var broken = Enumerable.Range(1, 250).Select(i => Hourly(i, Start.AddHours(-1))).ToArray();
        var sound = Hourly(1000, Start);
        var shelf = ScheduleShelf.With([.. broken, sound]);
        _fault = schedule => { if (schedule.Id != sound.Id) throw new StoreUnavailableException("away"); };
        await RunAsync(shelf);

        await PassAsync(ScheduleRunner.RetryPause);
        await PassAsync(ScheduleRunner.RetryPause);

        Published().ShouldBe([ScheduleRunner.EventId(sound, Start)]);
    }

    [Fact]
    public async Task An_occurrence_that_can_never_be_accepted_is_given_up_and_the_next_gets_its_chance()
    {
        var schedule = Hourly(1, Start);
        var shelf = ScheduleShelf.With(schedule);
        _fault = _ => throw new InvalidInputException("eventType", "is not known");

        await RunAsync(shelf);

        shelf.NextAt(schedule).ShouldBe(Start.AddHours(1));
    }

    [Fact]
    public async Task A_store_that_is_away_is_asked_again()
    {
        var shelf = ScheduleShelf.With(Hourly(1, Start));
        shelf.ReadFaults = 1;
        await RunAsync(shelf);
        Published().ShouldBeEmpty();

        await PassAsync(ScheduleRunner.RetryPause);

        Published().Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_new_schedule_wakes_the_runner()
    {
        var shelf = ScheduleShelf.With();
        await RunAsync(shelf);

        shelf.Put(Hourly(1, Start));
        _events.OnSchedulesChanged();
        await _time.FallAsleepAsync();

        Published().Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_wall_clock_set_back_repeats_nothing()
    {
        var schedule = Hourly(1, Start);
        var shelf = ScheduleShelf.With(schedule);
        await RunAsync(shelf);
        Published().Count.ShouldBe(1);

        _time.AdjustTime(Start.AddHours(-1));
        await PassAsync(ScheduleRunner.MaxSleep);
        await PassAsync(ScheduleRunner.MaxSleep);

        Published().ShouldBeEmpty();
    }

    /// <summary>Starts a runner, as one more node, and waits until it sleeps.</summary>
    private async Task RunAsync(ScheduleShelf shelf)
    {
        var runner = new ScheduleRunner(shelf.Store, _events, Publish, _time, new Random(7), NullLogger<ScheduleRunner>.Instance);
        _running.Add(Task.Run(() => runner.RunAsync(_stop.Token)));
        await _time.FallAsleepAsync();
    }

    private async Task PassAsync(TimeSpan span)
    {
        _time.Advance(span);
        await _time.FallAsleepAsync();
    }

    private Task Publish(Schedule schedule, DateTimeOffset occurrence, CancellationToken cancellationToken)
    {
        _fault(schedule);
        _published.Writer.TryWrite(ScheduleRunner.EventId(schedule, occurrence));
        return Task.CompletedTask;
    }

    private List<string> Published()
    {
        var ids = new List<string>();
        while (_published.Reader.TryRead(out var id))
            ids.Add(id);
        return ids;
    }

    private static Schedule Hourly(int id, DateTimeOffset nextAt) =>
        Schedules.Empty with { Id = new Id<Schedule>((UInt128)id), Cron = "0 * * * *", NextAt = nextAt };

    /// <summary>A fake clock that says when somebody fell asleep on it.</summary>
    private sealed class SleepyTime(DateTimeOffset start) : FakeTimeProvider(start)
    {
        private readonly SemaphoreSlim _asleep = new(0);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            _asleep.Release();
            return timer;
        }

        public async Task FallAsleepAsync() => (await _asleep.WaitAsync(Patience)).ShouldBeTrue("the runner should have gone to sleep");
    }
}
