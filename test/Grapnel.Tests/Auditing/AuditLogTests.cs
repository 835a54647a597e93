using System.Collections.Concurrent;
using Grapnel.Auditing;
using Grapnel.Storage;
using Grapnel.Storage.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Grapnel.Tests.Auditing;

public sealed class AuditLogTests : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("grapnel-test-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly SqliteStore _store;
    private readonly FailingStore _failing;
    private readonly AuditLog _log;

    public AuditLogTests()
    {
        _store = SqliteStore.Open(new SqliteStoreOptions { Data = _folder }, _time);
        _failing = FailingStore.Of(_store.Console);
        _log = new AuditLog(_failing.Store, new IdGenerator(_time), _time, NullLogger<AuditLog>.Instance);
    }

    [Fact]
    public async Task An_entry_names_who_acted_and_without_a_name_it_was_the_engine()
    {
        _log.Record("a", "1");
        await ActAsync();
        _log.Record("c", "3");

        (await StoredAsync()).Select(entry => entry.Actor).ShouldBe(["grapnel", "user:ada", "grapnel"]);

        async Task ActAsync()
        {
            using var acting = Actor.As(Actor.User("ada"));
            await Task.Yield();
            _log.Record("b", "2");
        }
    }

    [Fact]
    public async Task Entries_are_written_by_themselves()
    {
        var written = _failing.NextWrite();
        await _log.StartAsync(default);

        _log.Record("a", "1");

        await written.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        await _log.StopAsync(default);
    }

    [Fact]
    public async Task What_waits_at_the_end_is_written()
    {
        for (var i = 0; i < 1_000; i++)
            _log.Record("a", $"{i}");

        await _log.StopAsync(default);

        (await StoredAsync()).Count.ShouldBe(1_000);
    }

    [Fact]
    public async Task What_the_store_does_not_take_is_kept_and_written_once_and_in_order_when_it_does()
    {
        _failing.Before = true;
        _log.Record("a", "1");
        (await _log.FlushAsync()).ShouldBeFalse();
        (_failing.Before, _failing.After) = (false, true);
        _log.Record("a", "2");
        (await _log.FlushAsync()).ShouldBeFalse();

        _failing.After = false;
        _log.Record("a", "3");

        (await _log.FlushAsync()).ShouldBeTrue();
        (await StoredAsync()).Select(entry => entry.Subject).ShouldBe(["1", "2", "3"]);
    }

    [Fact]
    public async Task What_waits_is_bounded()
    {
        for (var i = 0; i < AuditLog.MaxWaiting + 5; i++)
            _log.Record("a", $"{i}");

        await _log.FlushAsync();

        var last = await _store.Console.ListAuditEntriesAsync(new AuditFilter(), new PageRequest(1, Descending: true), default);
        last.Items[0].Subject.ShouldBe($"{AuditLog.MaxWaiting - 1}");
    }

    public async ValueTask DisposeAsync()
    {
        _log.Dispose();
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<IReadOnlyList<AuditEntry>> StoredAsync()
    {
        await _log.FlushAsync();
        var all = new List<AuditEntry>();
        for (Page<AuditEntry>? page = null; page is not { Done: true };)
        {
            page = await _store.Console.ListAuditEntriesAsync(new AuditFilter(), new PageRequest(250, page?.Items[^1].Id.ToString()), default);
            all.AddRange(page.Items);
        }
        return all;
    }

    /// <summary>A store that takes no entries when told so: before it did, or after.</summary>
#pragma warning disable CA1852 // The proxy is derived from it at run time.
    private class FailingStore : System.Reflection.DispatchProxy
#pragma warning restore CA1852
    {
        private readonly ConcurrentQueue<TaskCompletionSource> _waiters = new();
        private IConsoleStore _inner = null!;

        public IConsoleStore Store => (IConsoleStore)(object)this;

        public bool Before { get; set; }

        public bool After { get; set; }

        public static FailingStore Of(IConsoleStore inner)
        {
            var proxy = (FailingStore)(object)Create<IConsoleStore, FailingStore>();
            proxy._inner = inner;
            return proxy;
        }

        public Task NextWrite()
        {
            var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Enqueue(waiter);
            return waiter.Task;
        }

        protected override object? Invoke(System.Reflection.MethodInfo? targetMethod, object?[]? args) =>
            targetMethod!.Name == nameof(IConsoleStore.AddAuditEntriesAsync)
                ? AddAsync((IReadOnlyList<AuditEntry>)args![0]!)
                : targetMethod.Invoke(_inner, args);

        private async Task AddAsync(IReadOnlyList<AuditEntry> entries)
        {
            if (Before)
                throw new StoreUnavailableException("before");
            await _inner.AddAuditEntriesAsync(entries, default);
            if (After)
                throw new StoreUnavailableException("after");
            while (_waiters.TryDequeue(out var waiter))
                waiter.TrySetResult();
        }
    }
}
