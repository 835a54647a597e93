using Grapnel.Sending;
using Grapnel.Storage.Sqlite;
using Grapnel.Storage.Tests.Conformance;

namespace Grapnel.Storage.Tests.Copying;

/// <summary>Fills a store by its own verbs with every kind of thing that it may hold.</summary>
internal sealed class FilledStore(SqliteStore store, TestClock clock)
{
    public const int Keys = 60;

    private readonly IdGenerator _ids = new(clock);
    private readonly List<Id<Endpoint>> _endpoints = [];
    private Id<Node> _node;

    /// <summary>The key of an answered request.</summary>
    public static UInt128 Key(int n) => ((UInt128)n << 96) + 1;

    public async Task FillAsync()
    {
        _node = await store.Deliveries.JoinAsync("first", NodeRoles.All, default);
        foreach (var uid in new[] { "acme", "globex" })
            await AddApplicationAsync(uid);
        await AddAccessAsync();
        await AddInboxAsync();
        for (var round = 0; round < 6; round++)
        {
            foreach (var application in (await store.Catalog.ListApplicationsAsync(new PageRequest(), default)).Items)
                await PublishAsync(application.Id, round);
            clock.Advance(TimeSpan.FromHours(7));
        }
        await AddTasksAsync();
        await store.Catalog.DeleteEndpointAsync(_endpoints[^1], default);
        await store.Deliveries.HeartbeatAsync(_node, default);
        await store.Deliveries.LeaveAsync(_node, default);
    }

    private async Task AddApplicationAsync(string uid)
    {
        var application = new Application
        {
            Id = _ids.Next<Application>(), Uid = uid, Name = $"{uid} ünïcode 🚀", RateLimit = uid == "acme" ? 5 : null,
            Metadata = new Dictionary<string, string> { ["plan"] = "gold" }, CreatedAt = Now, UpdatedAt = Now,
        };
        await store.Catalog.AddApplicationAsync(application, default);
        await store.Catalog.AddEventTypeAsync(new EventType
        {
            Name = $"{uid}.created", Description = "d", Archived = uid == "globex", Schemas = """{"1":{"type":"object"}}""", FeatureFlags = ["beta"],
            GroupName = "g", CreatedAt = Now, UpdatedAt = Now,
        }, default);
        for (var i = 0; i < 4; i++)
            await AddEndpointAsync(application.Id, $"{uid}-{i}", i);
        await store.Catalog.AddScheduleAsync(new Schedule
        {
            Id = _ids.Next<Schedule>(), ApplicationId = application.Id, EventType = "tick", Cron = "* * * * *", Payload = [1, 0, 255], NextAt = Now, CreatedAt = Now,
            UpdatedAt = Now,
        }, default);
    }

    private async Task AddEndpointAsync(Id<Application> application, string uid, int i)
    {
        var endpoint = new Endpoint
        {
            Id = _ids.Next<Endpoint>(), ApplicationId = application, Uid = uid, Url = $"https://receiver.example/{uid}", EventTypes = i == 0 ? ["a"] : null,
            Channels = i == 1 ? ["red"] : null, Filter = i == 2 ? "a == `1`" : null, Secrets = [new EndpointSecret([1, 2, 3], Now), new EndpointSecret(new byte[24], null)],
            Headers = new Dictionary<string, string> { ["X-One"] = "1" }, RetrySchedule = [TimeSpan.FromSeconds(5)], Timeout = TimeSpan.FromSeconds(3),
            Ordered = i == 3, CreatedAt = Now, UpdatedAt = Now,
        };
        await store.Catalog.AddEndpointAsync(endpoint, default);
        if (i == 3)
            await store.Catalog.UpdateEndpointAsync(endpoint with { Enabled = false, DisabledReason = EndpointDisabledReason.Gone, Version = 2 }, endpoint.UpdatedAt, default);
        if (i == 1)
            await store.Deliveries.PauseLaneAsync(endpoint.Id, default);
        _endpoints.Add(endpoint.Id);
    }

    private async Task AddAccessAsync()
    {
        await store.Catalog.AddApiKeyAsync(new ApiKey { Id = _ids.Next<ApiKey>(), Name = "k", Hash = [9, 9], Hint = "grk", ExpiresAt = Now, CreatedAt = Now }, default);
        await store.Catalog.AddTokenRevocationsAsync([new TokenRevocation("app/1", Now, Now, Now + TimeSpan.FromDays(90))], default);
        await store.Catalog.EnsureSecretAsync(new InstallationSecret("tokens", [4, 5, 6]), default);
        await store.Console.AddUserAsync(new User
        {
            Id = _ids.Next<User>(), Name = "Ann", NormalizedName = "ANN", PasswordHash = "hash", SecurityStamp = "stamp", FailedSignIns = 2, CreatedAt = Now,
        }, default);
        await store.Console.StoreKeyRingEntryAsync(new KeyRingEntry("key-1", "<key/>"), default);
        await store.Console.AddAuditEntriesAsync([.. Enumerable.Range(0, 40).Select(i => new AuditEntry
        {
            Id = _ids.Next<AuditEntry>(), Actor = $"user {i % 3}", Action = "endpoint.update", Subject = "ep_1", Changes = i % 2 == 0 ? "{}" : null,
        })], default);
    }

    private async Task AddInboxAsync()
    {
        var inbox = new Inbox
        {
            Id = _ids.Next<Inbox>(), ApplicationId = _ids.Next<Application>(), AnswerStatus = 201, AnswerDelay = TimeSpan.FromSeconds(1), CreatedAt = Now,
        };
        await store.Console.AddInboxAsync(inbox, default);
        for (var i = 0; i < 5; i++)
            await store.Console.AddInboxRequestAsync(new InboxRequest
            {
                Id = _ids.Next<InboxRequest>(), InboxId = inbox.Id, Method = "POST", Target = "/in/x?a=1", Headers = ["Host", "a"], Body = [0, 255], BodyLength = 2,
                MessageId = "msg", AnsweredStatus = 200,
            }, 100, default);
    }

    private async Task PublishAsync(Id<Application> application, int round)
    {
        var messages = Enumerable.Range(0, 12).Select(i => NewMessage(application, round, i)).ToList();
        await store.Deliveries.AcceptAsync(new AcceptBatch(_node, [.. messages.Select(Owed)], []), default);
        foreach (var lane in _endpoints)
            await SettleAsync(lane, round);
        await store.Alerts.RaiseAsync(new Alert($"disk:{round}", "It runs low.", Now, Now) { ApplicationId = round % 2 == 0 ? application : null }, null, mail: round % 3 == 0, default);
        await store.Deliveries.CancelAsync(messages[0], null, default);
        await store.Deliveries.ExpungeAsync(messages[1], default);
        await store.Deliveries.ResendAsync(messages[2], [_endpoints[0]], default);
    }

    private Message NewMessage(Id<Application> application, int round, int i) => new()
    {
        Id = _ids.Next<Message>(), ApplicationId = application, EventType = $"type.{i % 3}", EventId = i % 4 == 0 ? $"event {round} {i}" : null,
        Channels = i % 5 == 0 ? ["red", "ünï"] : null, Tags = i % 6 == 0 ? ["vip"] : null, Payload = new byte[i * 100], AcceptedAt = Now,
        DeliverAt = i == 7 ? Now + TimeSpan.FromDays(3) : null, ContentExpiresAt = i == 8 ? Now + TimeSpan.FromDays(1) : null, RouteVersion = 3,
        TraceParent = i == 9 ? "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" : null,
    };

    private AcceptItem Owed(Message message, int i)
    {
        var key = _answered < Keys && i % 2 == 0 ? Key(_answered++) : default(UInt128?);
        // A key that was used again after its time: the later answer counts.
        if (_answered == 30)
            key = Key(0);
        return new AcceptItem(message, [.. _endpoints.Where((_, lane) => (lane + i) % 3 != 0)], key is { } used
            ? new IdempotencyEntry(used, 7, "answer"u8.ToArray().Concat(message.Id.ToBytes()).ToArray(), Now + (used == Key(0) ? TimeSpan.FromHours(8) : TimeSpan.FromDays(2))) : null);
    }

    private int _answered;

    private static byte[] Headers
    {
        get
        {
            using var request = new HttpRequestMessage();
            request.Headers.TryAddWithoutValidation("webhook-id", "the id of the message");
            using var response = new HttpResponseMessage();
            response.Headers.TryAddWithoutValidation("X-Trace", "7");
            return HeaderPack.Of(request, response);
        }
    }

    private async Task SettleAsync(Id<Endpoint> lane, int round)
    {
        var page = await store.Deliveries.ReadLaneAsync(new LaneRead(lane, false, 0, Now.ToUnixTimeMilliseconds(), 30, long.MaxValue, new HashSet<long>()), default);
        var settled = page.Deliveries.Select((delivery, i) => ((i + round) % 5) switch
        {
            0 => Ends(delivery, SendOutcome.Success, DeliveryEnd.Delivered),
            1 => Ends(delivery, SendOutcome.Refused, DeliveryEnd.Exhausted),
            2 => Ends(delivery, SendOutcome.Gone, DeliveryEnd.Gone),
            3 => Ends(delivery, SendOutcome.ConnectFailed, null),
            _ => null,
        }).OfType<Settlement>().ToList();
        await store.Deliveries.SettleAsync(new SettleBatch(_node, settled, [new EndpointHealth(lane, round % 2 == 0 ? Now : null, round, 5)], []), default);
    }

    private Settlement Ends(Delivery delivery, SendOutcome outcome, DeliveryEnd? end) => new(new Attempt
    {
        Id = _ids.Next<Attempt>(), ApplicationId = delivery.Message.ApplicationId, EndpointId = delivery.EndpointId, MessageId = delivery.Message.Id,
        Url = "https://receiver.example/hook", Trigger = delivery.Trigger, Number = delivery.Attempts + 1, StartedAt = Now, DurationMs = 20 + delivery.Attempts,
        Outcome = outcome, StatusCode = outcome == SendOutcome.Success ? 200 : 500, ResponseBody = "answer\0"u8.ToArray(), Headers = Headers,
        Error = outcome == SendOutcome.ConnectFailed ? "it said \0 and left" : null, NextAttemptAt = end is null ? Now + TimeSpan.FromHours(1) : null,
    }, delivery.Seq, delivery.Trigger, end, end is null ? (Now + TimeSpan.FromHours(1)).ToUnixTimeMilliseconds() : 0, delivery.Attempts + 1);

    private async Task AddTasksAsync()
    {
        foreach (var status in Enum.GetValues<BackgroundTaskStatus>())
            await store.Tasks.AddAsync(new BackgroundTask
            {
                Id = _ids.Next<BackgroundTask>(), Kind = BackgroundTaskKinds.Broadcast, Status = status, EndpointId = _endpoints[0], Arguments = "{}",
                Payload = new byte[] { 1 }, Cursor = new byte[] { 2 }, Scanned = 3, Done = 2, Total = 9, CreatedAt = Now, UpdatedAt = Now,
            }, default);
        // One that has noted its endpoints, and goes on after the copy.
        await store.Tasks.AddAsync(new BackgroundTask
        {
            Id = _ids.Next<BackgroundTask>(), Kind = BackgroundTaskKinds.Erase, ApplicationId = _ids.Next<Application>(), Arguments = "{}",
            Payload = _ids.Next<Endpoint>().ToBytes(), CreatedAt = Now, UpdatedAt = Now,
        }, default);
        var taken = await store.Tasks.TakeAsync(_node, 10, default);
        await store.Erasure.EraseAsync(taken.Single(task => task.Kind == BackgroundTaskKinds.Erase), _node, 10, default);
    }

    private DateTimeOffset Now => clock.GetUtcNow();
}
