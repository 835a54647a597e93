using Grapnel.Registry;

namespace Grapnel.Tests.Registering;

public sealed class CatalogCacheTests : IDisposable
{
    private readonly CatalogCache<string> _cache = new("test", 100, value => value.Split('@')[0], metrics: null);

    [Fact]
    public async Task What_is_kept_is_read_once_however_many_ask_at_the_same_time()
    {
        var (reads, release) = (0, new TaskCompletionSource());
        async Task<string?> ReadAsync(CancellationToken _)
        {
            Interlocked.Increment(ref reads);
            await release.Task;
            return "a@1";
        }
        var asked = Enumerable.Range(0, 50).Select(_ => _cache.GetAsync("a", ReadAsync, default).AsTask()).ToArray();
        release.SetResult();

        (await Task.WhenAll(asked)).ShouldAllBe(value => value == "a@1");

        reads.ShouldBe(1);
        _cache.Find("a").ShouldBe("a@1");
    }

    [Fact]
    public async Task What_was_dropped_is_read_again_and_the_rest_is_not()
    {
        await _cache.GetAsync("a", Read("a@1"), default);
        await _cache.GetAsync("alias of a", Read("a@1"), default);
        await _cache.GetAsync("b", Read("b@1"), default);

        _cache.Drop("a");

        _cache.Find("a").ShouldBeNull();
        _cache.Find("alias of a").ShouldBeNull();
        _cache.Find("b").ShouldBe("b@1");
        (await _cache.GetAsync("a", Read("a@2"), default)).ShouldBe("a@2");
    }

    [Fact]
    public async Task Whoever_asks_after_a_change_does_not_get_what_was_being_read_before_it()
    {
        var (stored, reading, release) = ("a@1", new TaskCompletionSource(), new TaskCompletionSource());
        async Task<string?> ReadAsync(CancellationToken _)
        {
            var read = stored;
            reading.TrySetResult();
            await release.Task;
            return read;
        }
        var early = _cache.GetAsync("a", ReadAsync, default).AsTask();
        await reading.Task;
        stored = "a@2";
        _cache.Drop("a");
        var late = _cache.GetAsync("a", ReadAsync, default).AsTask();

        release.SetResult();

        (await late).ShouldBe("a@2");
        await early;
        _cache.Find("a").ShouldBe("a@2");
    }

    [Fact]
    public async Task What_is_not_there_is_not_kept()
    {
        (await _cache.GetAsync("a", Read(null), default)).ShouldBeNull();

        (await _cache.GetAsync("a", Read("a@1"), default)).ShouldBe("a@1");
    }

    [Fact]
    public async Task Forgetting_everything_leaves_nothing_whatever_was_dropped_before()
    {
        await _cache.GetAsync("a", Read("a@1"), default);
        _cache.Drop("b");
        await _cache.GetAsync("b", Read("b@1"), default);

        _cache.DropAll();

        _cache.Find("a").ShouldBeNull();
        _cache.Find("b").ShouldBeNull();
    }

    public void Dispose() => _cache.Dispose();

    private static Func<CancellationToken, Task<string?>> Read(string? value) => _ => Task.FromResult(value);
}
