namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    // What is kept of an application beside its erasure: answers for idempotency keys, until their window ends; nobody can tell whose they are.
    private static readonly string[] NotErased = ["idempotency"];

    // Columns that tell what a table may hold of an application.
    private static readonly string[] TellingColumns = ["application_id", "endpoint_id", "scope", "subject", "owed"];

    [Fact]
    public async Task Nothing_is_left_of_an_application_that_was_erased_and_everything_of_the_others()
    {
        var other = await LiveAsync("other");
        var (application, endpoints) = await LiveAsync("erased");
        var whole = await MentionsAsync(application, endpoints);
        var inFlight = (await PendingAsync(endpoints[0]))[0];
        var kept = await MentionsAsync(other.Application, other.Endpoints);
        // Whatever may hold something of an application holds something of this one: else a table would go untested.
        (await _store.DumpAsync()).Where(row => TellingColumns.Any(column => row.Row.Contains(column + "=") || row.Row.Contains($"\"{column}\":")))
            .Select(row => row.Table).Except(whole.Select(row => row.Table)).ShouldBeEmpty();

        var known = (await Catalog.DeleteApplicationAsync(application, default))!;
        var erased = await EraseAsync(application, known, limit: 3, async () => await SettleAsync(Delivered(inFlight)));

        erased.Status.ShouldBe(BackgroundTaskStatus.Finished);
        erased.Done.ShouldBe(9);
        (await MentionsAsync(application, endpoints)).Select(row => $"{row.Table}: {row.Row}").ShouldHaveSingleItem().ShouldContain("application.erased");
        (await MentionsAsync(other.Application, other.Endpoints)).ShouldBe(kept, ignoreOrder: true);
        (await PendingAsync(other.Endpoints[0])).ShouldNotBeEmpty();
        (await History.ReadBacklogAsync(default)).Pending.ShouldBe(await CountPendingAsync(other.Endpoints));
        (await _store.DumpAsync()).ShouldNotContain(row => row.Table == "erased_endpoint");
    }

    [Fact]
    public async Task An_application_that_was_deleted_before_is_erased_with_the_endpoints_that_its_history_tells_of()
    {
        var (application, endpoints) = await LiveAsync("erased");
        foreach (var endpoint in endpoints[..2])
            await Catalog.DeleteEndpointAsync(endpoint, default);
        await Catalog.DeleteApplicationAsync(application, default);
        while (await Deliveries.DropLaneAsync(endpoints[0], 100, default) > 0) { }

        await EraseAsync(application, [], limit: 100);

        (await MentionsAsync(application, endpoints)).ShouldAllBe(row => row.Table == "audit_log");
    }

    [Fact]
    public async Task A_step_of_an_erasure_is_taken_once_and_by_its_worker_alone()
    {
        var (application, _) = await LiveAsync("erased");
        await Catalog.DeleteApplicationAsync(application, default);
        var task = await BeginErasureAsync(application, []);
        var other = await Deliveries.JoinAsync("second", NodeRoles.All, default);

        (await Erasure.EraseAsync(task, other, 3, default)).ShouldBeNull();
        var next = (await Erasure.EraseAsync(task, _node, 3, default)).ShouldNotBeNull();
        next = (await Erasure.EraseAsync(next, _node, 3, default)).ShouldNotBeNull();
        next.Done.ShouldBe(3);
        (await Erasure.EraseAsync(task, _node, 3, default)).ShouldBeNull();

        (await Tasks.FindAsync(task.Id, default))!.Done.ShouldBe(3);
        (await History.CountContentsAsync(application, 100, default)).Messages.Count.ShouldBe(6);
    }

    private IErasureStore Erasure => _store.Erasure;

    private async Task<BackgroundTask> EraseAsync(Id<Application> application, IReadOnlyList<Id<Endpoint>> known, int limit, Func<Task>? meanwhile = null)
    {
        var task = await BeginErasureAsync(application, known);
        for (var steps = 0; task.Status == BackgroundTaskStatus.Running; steps++)
        {
            if (ErasureCursor.Of(task).IsBeforeLastPass)
            {
                // Late news of a node, and what only its memory knew.
                await (meanwhile?.Invoke() ?? Task.CompletedTask);
                await Deliveries.HeartbeatAsync(_node, default);
            }
            task = (await Erasure.EraseAsync(task, _node, limit, default)).ShouldNotBeNull();
            steps.ShouldBeLessThan(1000);
        }
        (await Tasks.FindAsync(task.Id, default))!.Status.ShouldBe(BackgroundTaskStatus.Finished);
        return task;
    }

    private async Task<BackgroundTask> BeginErasureAsync(Id<Application> application, IReadOnlyList<Id<Endpoint>> known)
    {
        await Tasks.AddAsync(NewTask() with
        {
            Kind = BackgroundTaskKinds.Erase, ApplicationId = application, Payload = known.SelectMany(endpoint => endpoint.ToBytes()).ToArray(),
        }, default);
        await AuditAsync(application, ErasureCursor.AuditAction, application.ToString());
        return (await Tasks.TakeAsync(_node, 10, default)).Single(task => task.Kind == BackgroundTaskKinds.Erase);
    }

    // Leaves something in every table.
    private async Task<(Id<Application> Application, Id<Endpoint>[] Endpoints)> LiveAsync(string name)
    {
        var application = new Application { Id = Ids.Next<Application>(), Name = name, RateLimit = 7, CreatedAt = Start, UpdatedAt = Start };
        await Catalog.AddApplicationAsync(application, default);
        var endpoints = new[] { Ids.Next<Endpoint>(), Ids.Next<Endpoint>(), Ids.Next<Endpoint>() };
        foreach (var endpoint in endpoints)
        {
            await Catalog.AddEndpointAsync(new Endpoint
            {
                Id = endpoint, ApplicationId = application.Id, Url = "https://receiver.example/", Secrets = [], CreatedAt = Start, UpdatedAt = Start,
            }, default);
            await AuditAsync(application.Id, "endpoint.created", endpoint.ToString());
        }
        await Catalog.DeleteEndpointAsync(endpoints[2], default);
        await Deliveries.PauseLaneAsync(endpoints[1], default);
        await AddBelongingsAsync(application.Id, endpoints);
        for (var i = 0; i < 3; i++)
        {
            var messages = Enumerable.Range(0, 3).Select(_ => NewMessage($"{name} {Ids.Next<Message>()}") with
            {
                ApplicationId = application.Id, Tags = ["vip"], Channels = ["red"],
            }).ToList();
            await Deliveries.AcceptAsync(new AcceptBatch(_node, [.. messages.Select(message => Owe(message, endpoints))], endpoints), default);
            await Deliveries.CancelAsync(messages[0], endpoints[1], default);
        }
        var pending = await PendingAsync(endpoints[0]);
        await Deliveries.SettleAsync(new SettleBatch(
            _node, [Delivered(pending[0]), Retried(pending[1], TimeSpan.FromHours(1)), Ended(pending[2], DeliveryEnd.Gone)],
            [new EndpointHealth(endpoints[0], Start, 3, 5)], []), default);
        await Deliveries.DropLaneAsync(endpoints[2], 100, default);
        await Deliveries.HeartbeatAsync(_node, default);
        return (application.Id, endpoints);
    }

    private async Task AddBelongingsAsync(Id<Application> application, Id<Endpoint>[] endpoints)
    {
        var key = new ApiKey { Id = Ids.Next<ApiKey>(), Name = "k", Hash = application.ToBytes()[8..], Hint = "g", ApplicationId = application, CreatedAt = Start };
        await Catalog.AddApiKeyAsync(key, default);
        await Console.AddAuditEntriesAsync([new AuditEntry
        {
            Id = Ids.Next<AuditEntry>(), Actor = "a", Action = "api-key.created", Subject = key.Id.ToString(), Changes = $$"""{"application":"{{application}}"}""",
        }], default);
        var until = Start.AddDays(30);
        await Catalog.AddTokenRevocationsAsync(
            [new TokenRevocation(application.ToString(), Start, Start, until), new TokenRevocation($"{application}/session", Start, Start, until)], default);
        await Catalog.AddScheduleAsync(new Schedule
        {
            Id = Ids.Next<Schedule>(), ApplicationId = application, EventType = "tick", Cron = "* * * * *", Payload = [1], NextAt = Start, CreatedAt = Start,
            UpdatedAt = Start,
        }, default);
        await Console.AddInboxAsync(new Inbox { Id = Ids.Next<Inbox>(), ApplicationId = application, EndpointId = endpoints[0], CreatedAt = Start }, default);
        await Tasks.AddAsync(NewTask() with { Status = BackgroundTaskStatus.Finished, ApplicationId = application, EndpointId = endpoints[0] }, default);
        await Deliveries.ShareLimitsAsync(_node, [new LimitDemand(application, 2)], default);
    }

    private Task AuditAsync(Id<Application> application, string action, string subject) => Console.AddAuditEntriesAsync(
        [new AuditEntry { Id = Ids.Next<AuditEntry>(), Actor = "user Ann", Action = action, Subject = subject, ApplicationId = application }], default);

    private async Task<long> CountPendingAsync(Id<Endpoint>[] lanes)
    {
        var count = 0L;
        foreach (var lane in lanes)
            count += (await History.CountPendingAsync(lane, 1000, default)).Count;
        return count;
    }

    private async Task<List<(string Table, string Row)>> MentionsAsync(Id<Application> application, Id<Endpoint>[] endpoints)
    {
        var ids = endpoints.SelectMany(endpoint => Forms(endpoint.ToString(), endpoint.ToBytes())).Concat(Forms(application.ToString(), application.ToBytes())).ToList();
        return [.. (await _store.DumpAsync()).Where(row => !NotErased.Contains(row.Table) && ids.Exists(row.Row.Contains))];
    }

    private static string[] Forms(string id, byte[] bytes) => [id, Convert.ToHexStringLower(bytes), new Guid(bytes, bigEndian: true).ToString()];
}
