using Grapnel.Reporting;
using Microsoft.Extensions.Time.Testing;

namespace Grapnel.Tests.Reporting;

public sealed class SharedTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Queue<TaskCompletionSource<int>> _reads = new();
    private readonly Shared<string, int> _shared;

    public SharedTests() => _shared = new Shared<string, int>(TimeSpan.FromSeconds(5), _time);

    [Fact]
    public async Task Fifty_who_ask_within_a_period_cost_one_read_and_the_next_period_another()
    {
        var early = Enumerable.Range(0, 25).Select(_ => Ask("a")).ToList();
        _reads.Single().SetResult(7);
        var late = Enumerable.Range(0, 25).Select(_ => Ask("a")).ToList();

        (await Task.WhenAll(early.Concat(late))).ShouldAllBe(answer => answer == 7);
        _reads.Count.ShouldBe(1);
        _time.Advance(TimeSpan.FromSeconds(5));
        _ = Ask("a");
        _reads.Count.ShouldBe(2);
    }

    [Fact]
    public void Different_questions_are_read_apart()
    {
        _ = Ask("a");
        _ = Ask("b");

        _reads.Count.ShouldBe(2);
    }

    [Fact]
    public void However_long_a_read_takes_no_other_is_begun_beside_it()
    {
        _ = Ask("a");
        _time.Advance(TimeSpan.FromMinutes(1));
        _ = Ask("a");

        _reads.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_read_that_fails_is_not_remembered()
    {
        var failed = Ask("a");
        _reads.Single().SetException(new InvalidOperationException());
        await Should.ThrowAsync<InvalidOperationException>(failed);

        var next = Ask("a");
        _reads.Last().SetResult(1);

        (await next).ShouldBe(1);
    }

    [Fact]
    public async Task Who_gives_up_does_not_take_the_answer_from_the_others()
    {
        using var impatience = new CancellationTokenSource();
        var impatient = Ask("a", impatience.Token);
        var patient = Ask("a");
        await impatience.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(impatient);

        _reads.Single().SetResult(3);

        (await patient).ShouldBe(3);
    }

    private Task<int> Ask(string key, CancellationToken cancellationToken = default) => _shared.GetAsync(key, () =>
    {
        _reads.Enqueue(new TaskCompletionSource<int>());
        return _reads.Last().Task;
    }, cancellationToken);
}
