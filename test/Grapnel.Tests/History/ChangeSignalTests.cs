using Grapnel.History;
using Microsoft.Extensions.Time.Testing;

namespace Grapnel.Tests.History;

public sealed class ChangeSignalTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly FakeTimeProvider _time = new();

    private ChangeSignal Signal => field ??= new ChangeSignal(_time);

    [Fact]
    public async Task A_change_after_a_quiet_spell_is_told_of_at_once_to_every_listener()
    {
        var (one, two) = (Signal.Listen().WaitAsync(default), Signal.Listen().WaitAsync(default));
        one.IsCompleted.ShouldBeFalse();
        Signal.Raise();
        await Task.WhenAll(one, two).WaitAsync(Patience);
    }

    [Fact]
    public async Task However_much_changes_a_listener_is_told_four_times_a_second_and_of_the_last_change()
    {
        var listener = Signal.Listen();
        Signal.Raise();
        await listener.WaitAsync(default).WaitAsync(Patience);
        for (var i = 0; i < 100; i++)
            Signal.Raise();
        var next = listener.WaitAsync(default);
        _time.Advance(ChangeSignal.DefaultInterval - TimeSpan.FromMilliseconds(1));
        next.IsCompleted.ShouldBeFalse();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await next.WaitAsync(Patience);

        var quiet = listener.WaitAsync(default);
        _time.Advance(TimeSpan.FromMinutes(1));
        quiet.IsCompleted.ShouldBeFalse("it has been told of all of them");
    }

    [Fact]
    public async Task What_changes_while_a_page_is_being_read_is_not_missed()
    {
        var listener = Signal.Listen();
        Signal.Raise();
        await listener.WaitAsync(default).WaitAsync(Patience);
    }

    [Fact]
    public async Task A_listener_can_give_up()
    {
        using var cancel = new CancellationTokenSource();
        var wait = Signal.Listen().WaitAsync(cancel.Token);
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => wait);
    }

    [Fact]
    public async Task No_change_is_missed_by_many_listeners_at_once()
    {
        var done = Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (long seen = 0; seen < 20_000; seen = Signal.Version)
                await Signal.WhenAfterAsync(seen, default);
        })));
        await Task.Run(() =>
        {
            for (var i = 0; i < 20_000; i++)
                Signal.Raise();
        });
        await done.WaitAsync(Patience);
    }
}
