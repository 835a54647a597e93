namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task An_accepted_message_is_pending_at_every_endpoint_it_is_owed_to()
    {
        var (a, b) = (NewLane(), NewLane());
        var message = NewMessage(payload: [0, 255, 10, 13]);

        var result = await AcceptAsync(Owe(message, a, b));

        result.Receipts.Single().Status.ShouldBe(AcceptStatus.Accepted);
        result.Receipts.Single().Seqs.Length.ShouldBe(2);
        foreach (var lane in new[] { a, b })
        {
            var delivery = (await PendingAsync(lane)).Single();
            delivery.Message.Payload!.Value.ToArray().ShouldBe(message.Payload!.Value.ToArray());
            delivery.DueAt.ShouldBe(0);
            delivery.Attempts.ShouldBe(0);
            delivery.Trigger.ShouldBe(Trigger.Scheduled);
        }
    }

    [Fact]
    public async Task Every_field_of_a_message_comes_back_as_it_was()
    {
        var lane = NewLane();
        var message = NewMessage("e-1", Clock.GetUtcNow().AddHours(-1)) with
        {
            Channels = ["a", "b"], Tags = ["\"quoted\"", "\u00e9\ud83d\ude00"], ContentType = "text/plain", RouteVersion = long.MaxValue,
            TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        };
        await AcceptAsync(Owe(message, lane));

        var read = (await PendingAsync(lane)).Single().Message;

        read.Payload!.Value.ToArray().ShouldBe(message.Payload!.Value.ToArray());
        read.Channels.ShouldBe(message.Channels);
        read.Tags.ShouldBe(message.Tags);
        (read with { Payload = null, Channels = null, Tags = null }).ShouldBe(message with { Payload = null, Channels = null, Tags = null });
    }

    [Fact]
    public async Task Each_message_of_a_batch_keeps_its_own_trace_or_none()
    {
        var (lane, trace) = (NewLane(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        await AcceptAsync(Owe(NewMessage(), lane), Owe(NewMessage() with { TraceParent = trace }, lane), Owe(NewMessage(), lane));

        var deliveries = await PendingAsync(lane);
        await SettleAsync(Retried(deliveries[1], TimeSpan.Zero));

        deliveries.Select(delivery => delivery.Message.TraceParent).ShouldBe([null, trace, null]);
        (await PendingAsync(lane)).Single(delivery => delivery.Attempts == 1).Message.TraceParent.ShouldBe(trace);
    }

    [Fact]
    public async Task An_empty_payload_stays_empty_and_a_missing_one_missing()
    {
        var lane = NewLane();
        await AcceptAsync(Owe(NewMessage(payload: []), lane), Owe(NewMessage() with { Payload = null }, lane));

        var messages = (await PendingAsync(lane)).Select(delivery => delivery.Message).ToList();

        messages[0].Payload!.Value.Length.ShouldBe(0);
        messages[1].Payload.ShouldBeNull();
    }

    [Fact]
    public async Task Texts_come_back_whether_empty_long_or_foreign()
    {
        foreach (var text in new[] { "", new string('x', 5000), "\u00e9\ud83d\ude00\u4e2d", "a\u0001b" })
        {
            var lane = NewLane();
            await AcceptAsync(Owe(NewMessage() with { ContentType = text, EventId = text }, lane));

            var read = (await PendingAsync(lane)).Single().Message;

            (read.ContentType, read.EventId).ShouldBe((text, text));
        }
    }

    [Fact]
    public async Task A_message_owed_to_nobody_is_stored()
    {
        var message = await PublishAsync();

        (await History.FindMessageAsync(Tenant, message.Id.ToString(), default)).ShouldNotBeNull();
        (await History.ReadBacklogAsync(default)).ShouldBe(new Backlog(0, null));
    }

    [Fact]
    public async Task Places_grow_in_the_order_of_acceptance()
    {
        var lane = NewLane();
        var first = await AcceptAsync(Owe(NewMessage(), lane), Owe(NewMessage(), lane));
        var second = await AcceptAsync(Owe(NewMessage(), lane));

        var seqs = first.Receipts.Concat(second.Receipts).Select(receipt => receipt.Seqs.Span[0]).ToList();

        seqs.ShouldBeInOrder();
        seqs.Distinct().Count().ShouldBe(3);
        (await PendingAsync(lane)).Select(delivery => delivery.Seq).ShouldBe(seqs);
    }

    [Fact]
    public async Task Places_never_go_back_even_when_every_delivery_is_gone_and_the_store_was_reopened()
    {
        var lane = NewLane();
        await PublishAsync(lane);
        var before = (await PendingAsync(lane)).Single();
        await SettleAsync(Delivered(before));
        await _store.ReopenAsync();

        await PublishAsync(lane);

        (await PendingAsync(lane)).Single().Seq.ShouldBeGreaterThan(before.Seq);
    }

    [Fact]
    public async Task A_taken_event_id_stores_nothing_and_names_the_message()
    {
        var lane = NewLane();
        var first = NewMessage("order-1");
        await AcceptAsync(Owe(first, lane));

        var result = await AcceptAsync(Owe(NewMessage("order-1"), lane), Owe(NewMessage("order-2"), lane));

        result.Receipts[0].Status.ShouldBe(AcceptStatus.RepeatedEventId);
        result.Receipts[0].ExistingMessage.ShouldBe(first.Id);
        result.Receipts[0].Seqs.Length.ShouldBe(0);
        result.Receipts[1].Status.ShouldBe(AcceptStatus.Accepted);
        (await PendingAsync(lane)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task An_event_id_is_taken_within_its_application_only()
    {
        await AcceptAsync(Owe(NewMessage("order-1")));

        var other = await AcceptAsync(Owe(NewMessage("order-1") with { ApplicationId = Ids.Next<Application>() }));

        other.Receipts.Single().Status.ShouldBe(AcceptStatus.Accepted);
    }

    [Fact]
    public async Task Two_items_with_one_event_id_in_one_batch_store_one_message()
    {
        var lane = NewLane();
        var first = NewMessage("order-1");

        var result = await AcceptAsync(Owe(first, lane), Owe(NewMessage("order-1"), lane));

        result.Receipts.Select(receipt => receipt.Status).ShouldBe([AcceptStatus.Accepted, AcceptStatus.RepeatedEventId]);
        result.Receipts[1].ExistingMessage.ShouldBe(first.Id);
        (await PendingAsync(lane)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_known_idempotency_key_stores_nothing_and_returns_the_first_answer()
    {
        var lane = NewLane();
        var entry = NewEntry(key: 1);
        await AcceptAsync(new AcceptItem(NewMessage(), [lane], entry));

        var repeat = (await AcceptAsync(new AcceptItem(NewMessage(), [lane], NewEntry(key: 1) with { Response = "other"u8.ToArray() }))).Receipts.Single();

        repeat.Status.ShouldBe(AcceptStatus.RepeatedKey);
        repeat.Existing!.Response.ShouldBe(entry.Response);
        repeat.Existing.Fingerprint.ShouldBe(entry.Fingerprint);
        repeat.Existing.ExpiresAt.ShouldBe(entry.ExpiresAt);
        (await PendingAsync(lane)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Two_items_with_one_idempotency_key_in_one_batch_store_one_message()
    {
        var lane = NewLane();

        var result = await AcceptAsync(new AcceptItem(NewMessage(), [lane], NewEntry(1)), new AcceptItem(NewMessage(), [lane], NewEntry(1)));

        result.Receipts.Select(receipt => receipt.Status).ShouldBe([AcceptStatus.Accepted, AcceptStatus.RepeatedKey]);
        (await PendingAsync(lane)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Parallel_batches_with_one_idempotency_key_store_one_message()
    {
        var lane = NewLane();

        var results = await Task.WhenAll(Enumerable.Range(0, 50)
            .Select(_ => AcceptAsync(new AcceptItem(NewMessage(), [lane], NewEntry(1)))));

        results.Count(result => result.Receipts.Single().Status == AcceptStatus.Accepted).ShouldBe(1);
        (await PendingAsync(lane)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_expired_idempotency_key_may_be_used_anew()
    {
        await AcceptAsync(new AcceptItem(NewMessage(), [], NewEntry(1)));
        Clock.Advance(TimeSpan.FromHours(12));

        var again = await AcceptAsync(new AcceptItem(NewMessage(), [], NewEntry(1)));
        var repeat = await AcceptAsync(new AcceptItem(NewMessage(), [], NewEntry(1)));

        again.Receipts.Single().Status.ShouldBe(AcceptStatus.Accepted);
        repeat.Receipts.Single().Status.ShouldBe(AcceptStatus.RepeatedKey);
    }

    [Fact]
    public async Task An_item_refused_for_its_event_id_leaves_its_idempotency_key_free()
    {
        await AcceptAsync(Owe(NewMessage("order-1")));
        await AcceptAsync(new AcceptItem(NewMessage("order-1"), [], NewEntry(1)));

        var next = await AcceptAsync(new AcceptItem(NewMessage(), [], NewEntry(1)));

        next.Receipts.Single().Status.ShouldBe(AcceptStatus.Accepted);
    }

    [Fact]
    public async Task A_batch_is_all_or_nothing()
    {
        var lane = NewLane();
        var message = NewMessage();
        await AcceptAsync(Owe(message, lane));

        // The same message id twice is no collision that has an answer; the whole batch fails.
        await Should.ThrowAsync<Exception>(() => AcceptAsync(Owe(NewMessage(), lane), Owe(message, lane)));

        (await PendingAsync(lane)).Single().Message.Id.ShouldBe(message.Id);
        (await History.ReadBacklogAsync(default)).Pending.ShouldBe(1);
    }

    [Fact]
    public async Task What_was_routed_before_a_change_of_any_endpoint_is_not_stored_where_nodes_share_the_store()
    {
        var (lane, application) = (NewLane(), await Catalog.FindApplicationAsync(Application.DefaultUid, default));
        var routes = await Catalog.ReadRouteTableAsync(Application.DefaultUid, default);
        var batch = new AcceptBatch(_node, [Owe(NewMessage(eventId: "e-1"), lane) with { Idempotency = NewEntry(1) }], [lane]) { RouteVersion = routes!.Version };
        var endpoint = NewEndpoint(application!);
        await Catalog.AddEndpointAsync(endpoint, default);

        var result = await Deliveries.AcceptAsync(batch, default);

        var changes = await Catalog.ReadRouteChangesAsync(routes.Version, default);
        changes.Applications.ShouldBe([application!.Id]);
        result.IsStale.ShouldBe(Deliveries.IsShared);
        if (!result.IsStale)
            return;
        (await Deliveries.TakeLanesAsync(_node, 10, default)).ShouldBeEmpty();
        (await Deliveries.AcceptAsync(batch with { RouteVersion = changes.Version }, default)).Receipts.Single().Status.ShouldBe(AcceptStatus.Accepted);
    }

    [Fact]
    public async Task A_node_finds_what_it_owns_as_long_as_something_is_pending_there()
    {
        var (pending, idle) = (NewLane(), NewLane());
        await Deliveries.AcceptAsync(new AcceptBatch(_node, [Owe(NewMessage(), pending, idle)], [pending, idle]), default);
        await SettleAsync(Delivered((await PendingAsync(idle)).Single()));
        var other = await Deliveries.JoinAsync("second", NodeRoles.All, default);

        (await Deliveries.ReadOwnedAsync(_node, default)).ShouldBe([pending]);
        (await Deliveries.ReadOwnedAsync(other, default)).ShouldBeEmpty();
    }
}
