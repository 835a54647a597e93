using System.Collections.Concurrent;
using Grapnel.Dispatching;
using Grapnel.Housekeeping;
using Grapnel.Tests.Engine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Grapnel.Tests.Housekeeping;

public sealed class WallWatchTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly Warnings _warnings = new();

    [Theory]
    [InlineData(+3600, "jumped 01:00:00 forward", "01:00:00 late")]
    [InlineData(-3600, "jumped 01:00:00 back", "01:00:00 early")]
    [InlineData(+5, "jumped 00:00:05 forward", "00:00:05 late")]
    [InlineData(-90_000, "jumped 1.01:00:00 back", "1.01:00:00 early")]
    public void A_jump_is_told_once_with_its_size_its_direction_and_what_it_means_for_due_times(int seconds, string jump, string meaning)
    {
        var wall = new JumpingTime(new FakeTimeProvider());
        var watch = new WallWatch(new ScheduleClock(wall), _warnings);
        watch.Look();
        _warnings.Texts.ShouldBeEmpty();

        wall.Jump = seconds * Second;
        watch.Look();
        watch.Look();

        var told = _warnings.Texts.ShouldHaveSingleItem();
        told.ShouldContain(jump);
        told.ShouldContain($"deliverAt go out {meaning} by the new time, until this process is started again");
    }

    [Fact]
    public void The_meaning_adds_up_over_jumps_and_a_clock_that_is_put_right_is_told_too()
    {
        var wall = new JumpingTime(new FakeTimeProvider());
        var watch = new WallWatch(new ScheduleClock(wall), _warnings);

        foreach (var jump in new[] { 60, 50, 0 })
        {
            wall.Jump = jump * Second;
            watch.Look();
        }

        _warnings.Texts.Count.ShouldBe(3);
        _warnings.Texts.ElementAt(1).ShouldSatisfyAllConditions(t => t.ShouldContain("jumped 00:00:10 back"), t => t.ShouldContain("00:00:50 late"));
        _warnings.Texts.ElementAt(2).ShouldSatisfyAllConditions(t => t.ShouldContain("jumped 00:00:50 back"), t => t.ShouldContain("on time again"));
    }

    [Fact]
    public void Time_that_passes_and_small_steps_of_the_clock_are_no_jump()
    {
        var time = new FakeTimeProvider();
        var wall = new JumpingTime(time);
        var watch = new WallWatch(new ScheduleClock(wall), _warnings);

        for (var i = 1; i <= 100; i++)
        {
            time.Advance(TimeSpan.FromHours(1));
            wall.Jump = i * Second;
            watch.Look();
        }

        _warnings.Texts.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_running_engine_notices_a_jump_and_what_it_says_of_due_times_is_true()
    {
        await using var engine = await EngineHarness.StartAsync(services: s => s.AddSingleton<ILogger<WallWatch>>(_warnings));
        await engine.AddEndpointAsync("http://127.0.0.1:1/");
        await engine.PublishedAsync("at 0:02:00", p => p with { DeliverAt = engine.Wall.GetUtcNow() + 120 * Second });

        engine.Wall.Jump = 60 * Second;
        await engine.AdvanceAsync(3 * Second);
        await engine.UntilAsync(() => Task.FromResult(!_warnings.Texts.IsEmpty));
        await engine.AdvanceAsync(116 * Second, Second);

        engine.Receiver.Received.ShouldBeEmpty("by the wall clock it is 0:02:59");
        await engine.AdvanceAsync(2 * Second, Second);
        engine.Receiver.Bodies().ShouldBe(["at 0:02:00"]);
        _warnings.Texts.ShouldHaveSingleItem().ShouldContain("go out 00:01:00 late");
    }

    private sealed class Warnings : ILogger<WallWatch>
    {
        public ConcurrentQueue<string> Texts { get; } = new();

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            logLevel.ShouldBe(LogLevel.Warning);
            Texts.Enqueue(formatter(state, exception));
        }
    }
}
