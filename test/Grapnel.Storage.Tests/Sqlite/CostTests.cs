using System.Diagnostics;
using Grapnel.Sending;
using Grapnel.Storage.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Grapnel.Storage.Tests.Sqlite;

/// <summary>Alone, because what is sent to the database is overheard for the whole process.</summary>
[CollectionDefinition(nameof(CostTests), DisableParallelization = true)]
public sealed class CostTestsAlone;

/// <summary>Costs that must not grow with the data, measured in plans and steps of SQLite's machine rather than in time.</summary>
[Collection(nameof(CostTests))]
public sealed class CostTests : SqliteTests
{
    [Fact]
    public async Task No_statement_scans_a_whole_table_or_sorts()
    {
        using var catalog = new CatalogStatements();
        await CallEverythingAsync();

        var texts = new HashSet<string>(catalog.Texts);
        texts.UnionWith(await Store.Gate.RunAsync(session => session.Statements.Keys.ToList()));
        texts.UnionWith(await Store.Readers.RunAsync(session => session.Statements.Keys.ToList(), default));

        var scans = await Store.Gate.RunAsync(session => texts.SelectMany(text => Scans(session, text)).ToList());
        scans.ShouldBeEmpty();
        texts.Count.ShouldBeGreaterThan(60);
        texts.ShouldContain(text => text.StartsWith("DELETE FROM idempotency_index"));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Reading_a_page_costs_the_same_however_long_the_lane(bool ordered, bool retries)
    {
        var (small, large) = (Ids.Next<Endpoint>(), Ids.Next<Endpoint>());
        await FillAsync(small, 200, retries);
        await FillAsync(large, 20_000, retries);

        await ReadAsync(small, ordered);
        var smallCost = await TakeStepsAsync();
        (await ReadAsync(large, ordered)).Deliveries.Count.ShouldBe(50);
        var largeCost = await TakeStepsAsync();

        largeCost.ShouldBeLessThan(smallCost * 3 / 2);
    }

    [Fact]
    public async Task The_backlog_and_the_search_for_lanes_cost_the_same_however_long_the_lanes()
    {
        var lanes = new[] { Ids.Next<Endpoint>(), Ids.Next<Endpoint>() };
        await FillAsync(lanes[0], 10, retries: false);
        await FillAsync(lanes[1], 10, retries: true);
        await SweepAsync();
        await TakeStepsAsync();
        await SweepAsync();
        var smallCost = await TakeStepsAsync();

        await FillAsync(lanes[0], 10_000, retries: false);
        await FillAsync(lanes[1], 10_000, retries: true);
        await SweepAsync();

        (await TakeStepsAsync()).ShouldBeLessThan(smallCost * 3 / 2);
    }

    [Fact]
    public async Task A_step_of_a_replay_costs_the_same_however_much_was_published_and_failed()
    {
        var lane = Ids.Next<Endpoint>();
        await FailAsync(lane, 300);
        var smallCost = await WalkAsync(lane);
        await FailAsync(lane, 6_000);

        (await WalkAsync(lane)).ShouldBeLessThan(smallCost * 3 / 2);
    }

    [Fact]
    public async Task A_step_of_forgetting_costs_the_same_however_much_is_old_and_still_pending()
    {
        var lane = Ids.Next<Endpoint>();
        async Task<long> CostAsync()
        {
            await TakeWriterStepsAsync();
            await Store.History.PruneAsync(Clock.GetUtcNow().AddDays(1), null, 100, default);
            return await TakeWriterStepsAsync();
        }
        await AcceptAsync(lane, 200);
        await CostAsync();
        var smallCost = await CostAsync();
        await AcceptAsync(lane, 5_000);

        (await CostAsync()).ShouldBeLessThan(smallCost * 3 / 2);
    }

    [Fact]
    public async Task The_log_file_stays_bounded()
    {
        var lane = Ids.Next<Endpoint>();
        for (var i = 0; i < 60; i++)
            await AcceptAsync(lane, count: 100, bytes: 20_000);

        new FileInfo(Path.Combine(Under.Folder, "grapnel.db-wal")).Length.ShouldBeLessThan(2 * SqliteStore.WalLimitBytes);
    }

    private async Task SweepAsync()
    {
        await Store.History.ReadBacklogAsync(default);
        await Store.Catalog.FindDeletedLanesAsync(10, default);
        await Store.Deliveries.TakeLanesAsync(Node, 10, default);
    }

    private async Task FillAsync(Id<Endpoint> lane, int count, bool retries)
    {
        await AcceptAsync(lane, count);
        if (retries)
            await Store.Gate.RunAsync(session => session
                .Prepare("UPDATE delivery SET stage = 1, attempts = 1, due_at = 1 + seq WHERE endpoint_id = ?").Bind(lane).Run());
    }

    private Task FailAsync(Id<Endpoint> lane, int count) => Store.Gate.RunAsync(session =>
    {
        var last = session.Prepare("SELECT value FROM counter WHERE name = 'seq'").RunInt64();
        for (var n = last + 1; n <= last + count; n++)
        {
            var (message, attempt) = (Ids.Next<Message>(), Ids.Next<Attempt>());
            session.Prepare("""
                INSERT INTO message (n, id, application_id, event_type, content_type, accepted_at, route_version, owed, payload)
                VALUES (?, ?, ?, 't', 'c', 0, 1, ?, x'00')
                """).Bind(n).Bind(message).Bind(Tenant).Bind(Owed.Pack([lane], n)).Run();
            session.Prepare("""
                INSERT INTO attempt (message_id, id, application_id, endpoint_id, trigger, number, started_at, duration_ms, outcome, status_code,
                    end, end_attempts, url, response_body)
                VALUES (?, ?, ?, ?, 0, 1, 0, 0, 1, 500, 2, 1, '', x'')
                """).Bind(message).Bind(attempt).Bind(Tenant).Bind(lane).Run();
        }
        return session.Prepare("UPDATE counter SET value = ? WHERE name = 'seq'").Bind(last + count).Run();
    });

    private async Task<long> WalkAsync(Id<Endpoint> lane)
    {
        var now = Clock.GetUtcNow();
        await TakeStepsAsync();
        foreach (var set in Enum.GetValues<ReplaySet>())
            await Store.History.ReadReplayAsync(new ReplayQuery(Tenant, lane, set, now.AddDays(-1), now.AddDays(1)), null, 100, default);
        return await TakeStepsAsync();
    }

    private Task<long> TakeStepsAsync() => Store.Readers.RunAsync(TakeSteps, default);

    private Task<long> TakeWriterStepsAsync() => Store.Gate.RunAsync(TakeSteps);

    private static long TakeSteps(SqliteSession session) => session.Statements.Values.Sum(statement => (long)statement.TakeVmSteps());

    private static IEnumerable<string> Scans(SqliteSession session, string text)
    {
        if (!text.TrimStart().StartsWith("SELECT", StringComparison.OrdinalIgnoreCase) && !text.Contains("WHERE", StringComparison.Ordinal))
            yield break;
        var plan = session.Prepare("EXPLAIN QUERY PLAN " + text);
        while (plan.Step())
        {
            var detail = plan.Text(3);
            // Not tables that grow: the recursion's own queue, constants, JSON parameters, the few nodes, and lists read whole on purpose.
            if (detail.StartsWith("SCAN", StringComparison.Ordinal) && !Harmless.Any(detail.Contains))
                yield return $"{detail} in {text}";
            // What sorts reads everything before it answers anything.
            if (detail.Contains("TEMP B-TREE", StringComparison.Ordinal) && text != LaneSql.ScheduledDueByPlace)
                yield return $"{detail} in {text}";
        }
    }

    // The recursion's own queue, constants, JSON parameters, the handful of nodes, and small lists that are walked along an index and cut off.
    private static readonly string[] Harmless =
    [
        "SCAN pending", "SCAN run", "CONSTANT", "json_each", "VIRTUAL TABLE", "SCAN node", "SCAN (subquery", "SCAN __EF", "sqlite_master",
        "SCAN a USING INDEX sqlite_autoindex_application", "SCAN e USING INDEX sqlite_autoindex_event_type",
        "SCAN a USING INDEX sqlite_autoindex_api_key", "SCAN s USING INDEX IX_schedule_next_at", "SCAN application USING COVERING INDEX",
        "SCAN task", "SCAN owner", "SCAN attempted", "SCAN u USING", "SCAN k", "SCAN inbox USING COVERING INDEX",
        "SCAN a USING INDEX sqlite_autoindex_audit_log",
    ];

    // Until keys are merged and the tree is swept, which it is once there are more keys gone than left.
    private async Task FillIdempotencyIndexAsync()
    {
        for (var i = 0; i < 5 * IdempotencyIndex.RunLength; i += 2_048)
        {
            if (i == 2 * IdempotencyIndex.RunLength)
            {
                Clock.Advance(TimeSpan.FromHours(1));
                await PruneAsync(DateTimeOffset.UnixEpoch);
            }
            await Store.Deliveries.AcceptAsync(new AcceptBatch(Node, [.. Enumerable.Range(i, 2_048).Select(NewKeyed)], []), default);
        }
    }

    private AcceptItem NewKeyed(int i) =>
        new(NewMessage(), [], new IdempotencyEntry(new UInt128((ulong)i << 32, 7), 0, [3], Clock.GetUtcNow().AddHours(1)));

    private async Task CallEverythingAsync()
    {
        var (lane, now, page) = (Ids.Next<Endpoint>(), Clock.GetUtcNow(), new PageRequest(10));
        var message = NewMessage() with { EventId = "e" };
        var entry = new IdempotencyEntry(1, 2, [3], now.AddHours(1));
        var seq = (await Store.Deliveries.AcceptAsync(new AcceptBatch(Node, [new AcceptItem(message, [lane], entry)], [lane]), default)).Receipts[0].Seqs.Span[0];
        await FillIdempotencyIndexAsync();
        var attempt = new Attempt
        {
            Id = Ids.Next<Attempt>(), ApplicationId = Tenant, EndpointId = lane, MessageId = message.Id, Url = "https://a.example",
            StartedAt = now, DurationMs = 1, Outcome = SendOutcome.Refused,
        };
        var health = new EndpointHealth(lane, now, 1, 0);
        await ReadAsync(lane);
        await ReadAsync(lane, ordered: true);
        await Store.Deliveries.SettleAsync(new SettleBatch(Node, [new Settlement(attempt, seq, Trigger.Scheduled, null, 5, 1)], [health], []), default);
        var second = attempt with { Id = Ids.Next<Attempt>() };
        await Store.Deliveries.SettleAsync(new SettleBatch(Node, [new Settlement(second, seq, Trigger.Scheduled, DeliveryEnd.Exhausted, 0, 2)], [], [lane]), default);
        await Store.Deliveries.ResendAsync(message, [lane], default);
        await Store.Deliveries.CancelAsync(message, null, default);
        await Store.Deliveries.DropLaneAsync(lane, 10, default);
        await Store.Deliveries.HeartbeatAsync(Node, default);
        await Store.Deliveries.ExpelAsync(Node, TimeSpan.FromSeconds(1), default);
        await SweepAsync();
        await AcceptAsync(Ids.Next<Endpoint>());
        await SweepAsync();
        foreach (var filter in MessageFilters(now))
        {
            foreach (var iterator in new[] { null, message.Id.ToString(), "-" + message.Id })
            {
                await Store.History.ListMessagesAsync(Tenant, filter, page with { Iterator = iterator }, default);
                foreach (var status in Enum.GetValues<DeliveryStatus>().Cast<DeliveryStatus?>().Prepend(null))
                    await Store.History.ListAttemptedMessagesAsync(
                        Tenant, lane, new AttemptedFilter((_, _) => false, status, filter), page with { Iterator = iterator }, default);
            }
        }
        foreach (var filter in AttemptFilters(message.Id, lane, now))
        {
            foreach (var iterator in new[] { null, attempt.Id.ToString(), "-" + attempt.Id })
                await Store.History.ListAttemptsAsync(Tenant, filter, page with { Iterator = iterator }, default);
        }
        await CallRowsAsync(lane, message, attempt.Id, now, page);
        await Store.History.FindMessageAsync(Tenant, message.Id.ToString(), default);
        await Store.History.FindMessageAsync(Tenant, "e", default);
        await Store.History.FindAttemptAsync(message.Id, attempt.Id, default);
        await Store.History.ReadDeliveriesAsync(message, default);
        await Store.History.FindHealthAsync(lane, default);
        await Store.History.FindAttemptHeadersAsync(message.Id, attempt.Id, default);
        await Store.History.ExpungeAttemptAsync(message.Id, attempt.Id, default);
        await Store.History.ReadMessagesAsync(Tenant, [message.Id], withPayload: true, default);
        await Store.History.ReadMessagesAsync(Tenant, [message.Id], withPayload: false, default);
        await Store.History.ListDestinationsAsync(message, (_, _) => false, page, default);
        await Store.History.CountPendingAsync(lane, 10, default);
        await Store.History.ReadLaneAsync(lane, default);
        foreach (var descending in new[] { false, true })
        {
            await Store.History.ListLanesAsync(null, page with { Descending = descending, Iterator = lane.ToString() }, default);
            await Store.History.ListLanesAsync(Tenant, page with { Descending = descending, Iterator = lane.ToString() }, default);
        }
        await Store.History.ExpireContentAsync(null, 10, default);
        await Store.Deliveries.ReadNodesAsync(default);
        await Store.Deliveries.ExpungeAsync(message, default);
        await Store.History.ReadRollupsAsync(lane, now.AddMinutes(-1), now.AddMinutes(1), default);
        await CallStatisticsAsync(lane, now);
        await CallTasksAsync(message.Id, lane, page);
        await CallCatalogAsync(now, page);
        await CallConsoleAsync(now, page);
        Clock.Advance(TimeSpan.FromDays(1));
        await Store.History.PruneAsync(Clock.GetUtcNow(), null, 10, default);
        await Store.Deliveries.LeaveAsync(Node, default);
    }

    private async Task CallRowsAsync(Id<Endpoint> lane, Message message, Id<Attempt> attempt, DateTimeOffset now, PageRequest page)
    {
        foreach (var filter in RowFilters(lane, now))
        {
            var byId = filter is { Status: MessageStatus.Failed } or { ApplicationId: not null, Status: not (MessageStatus.Pending or MessageStatus.Cancelled) };
            foreach (var iterator in new[] { null, byId ? message.Id.ToString() : "9", "-" + (byId ? message.Id.ToString() : "9") })
                await Store.History.ListMessageRowsAsync(filter, page with { Iterator = iterator }, default);
        }
        await Store.History.ReadProgressAsync(message, default);
        await Store.History.FindPendingAsync(message, lane, default);
        await Store.History.CountContentsAsync(Tenant, 10, default);
        await Store.Search.FindMessageAsync(message.Id, default);
        await Store.Search.FindMessageAsync(Ids.Next<Message>(), default);
        await Store.Search.FindByEventIdAsync("e", 10, default);
        await Store.Search.FindLastByEventIdAsync(Tenant, "e", default);
        await Store.Search.FindAttemptAsync(attempt, default);
        await Store.Search.FindEndpointsAsync("a.example", 10, default);
        await Store.Search.FindScheduleOwnerAsync(Ids.Next<Schedule>(), default);
        await Store.Deliveries.PauseLaneAsync(lane, default);
        await Store.Deliveries.ResumeLaneAsync(lane, default);
    }

    private IEnumerable<MessageRowFilter> RowFilters(Id<Endpoint> lane, DateTimeOffset now) =>
        from status in Enum.GetValues<MessageStatus>().Cast<MessageStatus?>().Prepend(null)
        from application in new Id<Application>?[] { null, Tenant }
        from endpoint in new Id<Endpoint>?[] { null, lane }
        from tag in new[] { null, "t" }
        from types in new string[]?[] { null, ["x"] }
        from time in new DateTimeOffset?[] { null, now }
        select new MessageRowFilter
        {
            Status = status, ApplicationId = application, EndpointId = endpoint, Tag = tag, EventTypes = types, After = time?.AddHours(-1), Before = time,
        };

    private async Task CallStatisticsAsync(Id<Endpoint> lane, DateTimeOffset now)
    {
        var rule = new TroubleRule(1, TimeSpan.Zero);
        await Store.Statistics.SumAsync([RollupScope.Of(lane)], now.AddHours(-1), now.AddHours(1), TimeSpan.FromHours(1), default);
        await Store.Statistics.CountPendingAsync(default);
        await Store.Statistics.CountEndpointsAsync(rule, default);
        await Store.Statistics.ReadTroubledAsync(rule, Tenant, 10, default);
        await Store.Statistics.ReadLanesAsync([lane], default);
        await Store.Alerts.ReadFailingAsync(now, null, 10, default);
        await Store.Alerts.ReadDisabledAsync(null, 10, default);
    }

    private async Task CallTasksAsync(Id<Message> message, Id<Endpoint> lane, PageRequest page)
    {
        var (tasks, now) = (Store.Tasks, Clock.GetUtcNow());
        await tasks.AddAsync(new BackgroundTask
        {
            Id = Ids.Next<BackgroundTask>(), Kind = "k", ApplicationId = Tenant, EndpointId = lane, Arguments = "{}", CreatedAt = now, UpdatedAt = now,
        }, default);
        var task = (await tasks.TakeAsync(Node, 10, default)).Single();
        foreach (var filter in new[] { new BackgroundTaskFilter(), new BackgroundTaskFilter([BackgroundTaskStatus.Failed], "k", Tenant) })
            await tasks.ListAsync(filter, page with { Iterator = task.Id.ToString() }, default);
        foreach (var set in Enum.GetValues<ReplaySet>())
        {
            var query = new ReplayQuery(Tenant, lane, set, now.AddDays(-1), now.AddDays(1));
            await Store.History.ReadReplayAsync(query, null, 10, default);
            await Store.History.ReadReplayAsync(query with { WithPayload = true, Status = ReplayStatus.Fail, StatusCodeClass = 500 }, null, 10, default);
        }
        await Store.Deliveries.ReplayAsync(new ReplayBatch(new TaskStep(task, Node, new byte[] { 1 }), ReplaySet.Owed, [message]), default);
        await Store.Deliveries.CancelOlderAsync(lane, now.AddDays(1), null, 10, default);
        await tasks.AdvanceAsync(new TaskStep(task with { Cursor = new byte[] { 1 } }, Node, null, Status: BackgroundTaskStatus.Finished), default);
        await tasks.CancelAsync(task.Id, default);
    }

    private static IEnumerable<MessageFilter> MessageFilters(DateTimeOffset now) =>
        from channel in new[] { null, "c" }
        from tag in new[] { null, "t" }
        from types in new string[]?[] { null, ["x"] }
        from time in new DateTimeOffset?[] { null, now }
        select new MessageFilter(time, time, channel, types, tag, WithPayload: tag is null);

    private static IEnumerable<AttemptFilter> AttemptFilters(Id<Message> message, Id<Endpoint> lane, DateTimeOffset now) =>
        from scope in new[] { new AttemptFilter(message), new AttemptFilter(null, lane), new AttemptFilter(message, lane) }
        from filter in MessageFilters(now)
        from succeeded in new bool?[] { null, true, false }
        from statusClass in new int?[] { null, 200, 500 }
        select scope with
        {
            Succeeded = succeeded, StatusCodeClass = statusClass, Channel = filter.Channel, Tag = filter.Tag, EventTypes = filter.EventTypes,
            Before = filter.Before, After = filter.After, WithBody = filter.WithPayload,
        };

    private async Task CallCatalogAsync(DateTimeOffset now, PageRequest page)
    {
        var catalog = Store.Catalog;
        var application = new Application { Id = Ids.Next<Application>(), Uid = "a", Name = "a", CreatedAt = now, UpdatedAt = now };
        var endpoint = new Endpoint
        {
            Id = Ids.Next<Endpoint>(), ApplicationId = application.Id, Uid = "e", Url = "https://a.example", Secrets = [], CreatedAt = now, UpdatedAt = now,
        };
        var schedule = new Schedule
        {
            Id = Ids.Next<Schedule>(), ApplicationId = application.Id, EventType = "t", NextAt = now, CreatedAt = now, UpdatedAt = now,
        };
        await catalog.AddApplicationAsync(application, default);
        await catalog.AddEndpointAsync(endpoint, default);
        await catalog.AddScheduleAsync(schedule, default);
        await catalog.FindApplicationAsync("a", default);
        await catalog.FindEndpointAsync(application.Id, "e", default);
        await catalog.ReadEndpointsAsync([endpoint.Id], default);
        await catalog.ReadRouteTableAsync("a", default);
        await catalog.FindRevisionAsync(endpoint.Id, 1, default);
        await catalog.ReadDueSchedulesAsync(now, 10, default);
        await catalog.NextScheduleAtAsync(default);
        await catalog.AdvanceScheduleAsync(schedule.Id, now, now.AddHours(1), default);
        foreach (var descending in new[] { false, true })
        {
            await catalog.ListApplicationsAsync(page with { Descending = descending, Iterator = application.Id.ToString() }, default);
            await catalog.ListEndpointsAsync(application.Id, page with { Descending = descending, Iterator = endpoint.Id.ToString() }, default);
            await catalog.ListSchedulesAsync(application.Id, page with { Descending = descending, Iterator = schedule.Id.ToString() }, default);
            await catalog.ListEventTypesAsync(page with { Descending = descending, Iterator = "t" }, includeArchived: false, featureFlags: null, default);
        }
        await catalog.UpdateEndpointAsync(endpoint with { Url = "https://b.example" }, endpoint.UpdatedAt, default);
        await catalog.DeleteScheduleAsync(schedule.Id, default);
        await catalog.DeleteApplicationAsync(application.Id, default);
    }

    private async Task CallConsoleAsync(DateTimeOffset now, PageRequest page)
    {
        var console = Store.Console;
        var user = new User { Id = Ids.Next<User>(), Name = "a", NormalizedName = "A", CreatedAt = now };
        await console.AddFirstUserAsync(user, default);
        await console.ReadUsersAsync(default);
        await console.FindUserAsync(user.Id, default);
        await console.FindUserByNameAsync("A", default);
        await console.UpdateUserAsync(user, default);
        await console.DeleteUserAsync(user.Id, default);
        await console.StoreKeyRingEntryAsync(new KeyRingEntry("a", "b"), default);
        await console.ReadKeyRingAsync(default);
        var entry = new AuditEntry { Id = Ids.Next<AuditEntry>(), Actor = "a", Action = "b", Subject = "c", ApplicationId = Tenant };
        await console.AddAuditEntriesAsync([entry], default);
        foreach (var filter in AuditFilters())
            foreach (var descending in new[] { false, true })
                foreach (var iterator in new[] { null, entry.Id.ToString() })
                    await console.ListAuditEntriesAsync(filter, page with { Descending = descending, Iterator = iterator }, default);
        await console.PruneAuditEntriesAsync(now.AddDays(1), 10, default);
        await CallInboxesAsync(now);
    }

    private async Task CallInboxesAsync(DateTimeOffset now)
    {
        var (console, inbox) = (Store.Console, new Inbox { Id = Ids.Next<Inbox>(), ApplicationId = Tenant, CreatedAt = now });
        await console.AddInboxAsync(inbox, default);
        for (var i = 0; i < 2; i++)
            await console.AddInboxRequestAsync(new InboxRequest
            {
                Id = Ids.Next<InboxRequest>(), InboxId = inbox.Id, Method = "POST", Target = "/", Headers = [], Body = [], BodyLength = 0, AnsweredStatus = 200,
            }, keep: 1, default);
        await console.FindInboxAsync(inbox.Id, default);
        await console.ReadInboxesAsync(Tenant, default);
        await console.CountInboxesAsync(default);
        await console.ReadInboxRequestsAsync(inbox.Id, 10, default);
        await console.ReadInboxRequestRowsAsync(inbox.Id, 10, default);
        await console.FindInboxRequestAsync(inbox.Id, Ids.Next<InboxRequest>(), default);
        await console.CountInboxRequestsAsync(inbox.Id, "m", default);
        await console.UpdateInboxAsync(inbox, default);
        await console.ClearInboxAsync(inbox.Id, default);
        await console.DeleteInboxAsync(inbox.Id, default);
    }

    private IEnumerable<AuditFilter> AuditFilters() =>
        from actor in new[] { null, "a" }
        from subject in new[] { null, "c" }
        from application in new Id<Application>?[] { null, Tenant }
        select new AuditFilter(actor, subject, application);

    /// <summary>Listens to what EF sends to the database.</summary>
    private sealed class CatalogStatements : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
    {
        private readonly List<IDisposable> _subscriptions = [];
        private readonly HashSet<string> _texts = [];

        public CatalogStatements() => _subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));

        public IReadOnlyList<string> Texts
        {
            get
            {
                lock (_texts)
                    return [.. _texts];
            }
        }

        public void OnNext(DiagnosticListener listener)
        {
            if (listener.Name == "Microsoft.EntityFrameworkCore")
                _subscriptions.Add(listener.Subscribe(this));
        }

        public void OnNext(KeyValuePair<string, object?> occurrence)
        {
            if (occurrence.Value is not CommandEventData { Command.CommandText: var text } || text.Contains("__EF", StringComparison.Ordinal)
                || text.Contains("sqlite_master", StringComparison.Ordinal) || text.Contains("CREATE ", StringComparison.Ordinal))
                return;
            lock (_texts)
                _texts.Add(text);
        }

        public void OnCompleted() { }

        public void OnError(Exception error) { }

        public void Dispose() => _subscriptions.ForEach(subscription => subscription.Dispose());
    }
}
