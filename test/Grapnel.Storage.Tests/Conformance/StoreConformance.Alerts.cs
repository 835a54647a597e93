namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static TimeSpan LongSilence => Limit + TimeSpan.FromSeconds(1);

    private Alert Trouble(string key = "disk:", string text = "It runs low.") => new(key, text, Clock.GetUtcNow(), Clock.GetUtcNow());

    [Fact]
    public async Task Of_many_who_see_the_same_at_once_one_is_to_tell_and_nobody_else_before_the_repeat()
    {
        var first = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Alerts.RaiseAsync(Trouble(), Day, mail: false, default)));
        Clock.Advance(Day - TimeSpan.FromMinutes(1));
        var meanwhile = await Alerts.RaiseAsync(Trouble(text: "Still."), Day, mail: false, default);
        var seen = (await Alerts.ReadAsync(default)).Single();
        Clock.Advance(TimeSpan.FromMinutes(2));
        var later = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Alerts.RaiseAsync(Trouble(), Day, mail: false, default)));

        (first.Count(tells => tells), meanwhile, later.Count(tells => tells)).ShouldBe((1, false, 1));
        (seen.Since, seen.ToldAt, seen.SeenAt, seen.Text).ShouldBe((Start, Start, Start + Day - TimeSpan.FromMinutes(1), "Still."));
        (await Alerts.ReadAsync(default)).Single().Since.ShouldBe(Start);
    }

    [Fact]
    public async Task What_is_told_once_only_is_not_repeated_and_all_of_it_survives_a_restart()
    {
        var alert = Trouble("endpoint:ep_x") with { ApplicationId = Tenant };
        (await Alerts.RaiseAsync(alert, null, mail: true, default)).ShouldBeTrue();
        await _store.ReopenAsync();
        Clock.Advance(100 * Day);

        (await Alerts.RaiseAsync(alert with { SeenAt = Clock.GetUtcNow() }, null, mail: true, default)).ShouldBeFalse();

        var read = (await Alerts.ReadAsync(default)).Single();
        (read.Key, read.Kind, read.Subject, read.ApplicationId, read.MailAt, read.OverAt).ShouldBe(("endpoint:ep_x", "endpoint", "ep_x", Tenant, Start, null));
    }

    [Fact]
    public async Task Of_many_who_find_that_it_is_over_one_is_to_tell_and_nobody_if_it_was_seen_again()
    {
        await Alerts.RaiseAsync(Trouble(), Day, mail: false, default);
        var before = (await Alerts.ReadAsync(default)).Single();
        Clock.Advance(TimeSpan.FromMinutes(1));
        await Alerts.RaiseAsync(Trouble(), Day, mail: false, default);

        (await Alerts.EndAsync(before, Clock.GetUtcNow(), mail: false, default)).ShouldBeFalse();
        var now = (await Alerts.ReadAsync(default)).Single();
        var ended = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Alerts.EndAsync(now, Clock.GetUtcNow(), mail: false, default)));

        ended.Count(tells => tells).ShouldBe(1);
        (await Alerts.ReadAsync(default)).ShouldBeEmpty();
        (await Alerts.RaiseAsync(Trouble(), Day, mail: false, default)).ShouldBeTrue("it begins anew");
    }

    [Fact]
    public async Task A_mail_is_taken_by_one_comes_back_when_it_was_not_sent_and_is_done_when_it_was()
    {
        await Alerts.RaiseAsync(Trouble(), Day, mail: true, default);
        Task<IReadOnlyList<Alert>> TakeAsync() => Alerts.TakeMailAsync(Clock.GetUtcNow(), Clock.GetUtcNow().AddMinutes(5), 10, default);

        (await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => TakeAsync()))).SelectMany(taken => taken).Count().ShouldBe(1);
        Clock.Advance(TimeSpan.FromMinutes(5));
        var again = (await TakeAsync()).Single();
        await Alerts.MailedAsync(again, default);
        Clock.Advance(TimeSpan.FromMinutes(5));
        (await TakeAsync()).ShouldBeEmpty();

        (await Alerts.EndAsync((await Alerts.ReadAsync(default)).Single(), Clock.GetUtcNow(), mail: true, default)).ShouldBeTrue();
        var over = (await TakeAsync()).Single();
        over.OverAt.ShouldBe(Clock.GetUtcNow());
        await Alerts.MailedAsync(again, default);
        (await Alerts.ReadAsync(default)).Count.ShouldBe(1, "what was mailed is that it began");
        await Alerts.MailedAsync(over, default);
        (await Alerts.ReadAsync(default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_is_seen_goes_on_and_is_not_told_for_it_and_what_is_over_stays_so()
    {
        foreach (var key in new[] { "disk:a", "disk:b", "disk:c" })
            await Alerts.RaiseAsync(Trouble(key), Day, mail: true, default);
        var over = (await Alerts.ReadAsync(default))[2];
        (await Alerts.EndAsync(over, Clock.GetUtcNow(), mail: true, default)).ShouldBeTrue();
        Clock.Advance(TimeSpan.FromMinutes(1));

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Alerts.SeenAsync(["disk:c", "disk:a", "disk:none"], Clock.GetUtcNow(), default)));

        var now = (await Alerts.ReadAsync(default)).ToDictionary(alert => alert.Key);
        now.Keys.Order().ShouldBe(["disk:a", "disk:b", "disk:c"]);
        (now["disk:a"].SeenAt, now["disk:a"].ToldAt, now["disk:a"].MailAt).ShouldBe((Start.AddMinutes(1), Start, Start));
        (now["disk:b"].SeenAt, now["disk:c"].SeenAt, now["disk:c"].OverAt).ShouldBe((Start, Start, Start));
    }

    [Fact]
    public async Task Whoever_expels_a_node_notes_it_for_others_to_tell_and_once()
    {
        var told = await LoseAsync();
        told.Count(tells => tells).ShouldBe(1);
        var alert = (await Alerts.ReadAsync(default)).Single();
        (alert.Key, alert.Since, alert.IsTold, alert.MailAt).ShouldBe(("node:first", Start + LongSilence, true, Clock.GetUtcNow()));

        // As long as that goes on, it is nothing new; afterwards it is.
        (await LoseAsync()).ShouldAllBe(tells => !tells);
        (await Alerts.EndAsync((await Alerts.ReadAsync(default)).Single(), Clock.GetUtcNow(), mail: true, default)).ShouldBeTrue();
        (await LoseAsync()).Count(tells => tells).ShouldBe(1);
        (await Alerts.ReadAsync(default)).Single().Since.ShouldBe(Start + 3 * LongSilence);

        async Task<bool[]> LoseAsync()
        {
            var lost = await Deliveries.JoinAsync("first", NodeRoles.All, default);
            await Deliveries.LeaveAsync(_node, default);
            _node = lost;
            await Deliveries.ReadNodesAsync(default);
            Clock.Advance(LongSilence);
            var other = await Deliveries.JoinAsync("second", NodeRoles.All, default);
            (await Deliveries.ExpelAsync(other, Limit, default)).ShouldBe(["first"]);
            await Deliveries.LeaveAsync(other, default);
            var noted = (await Alerts.ReadAsync(default)).Single();
            return await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Alerts.RaiseAsync(noted with { SeenAt = Clock.GetUtcNow() }, Day, mail: true, default)));
        }
    }

    [Fact]
    public async Task All_that_fails_for_long_and_all_that_the_engine_disabled_is_read_page_by_page()
    {
        var acme = await AddApplicationAsync("acme");
        var endpoints = new List<Endpoint>();
        for (var i = 0; i < 8; i++)
            endpoints.Add(await AddEndpointAsync(acme, $"shop{i}"));
        // Two that fail since the same moment, one that fails too shortly, one that a person disabled, one that was deleted, and three that the engine disabled.
        await Deliveries.SettleAsync(new SettleBatch(_node, [], [
            .. endpoints.Select((endpoint, i) => new EndpointHealth(endpoint.Id, Start.AddHours(i == 2 ? -1 : -3), 3, 0)), new EndpointHealth(NewLane(), Start.AddHours(-3), 3, 0)], []), default);
        for (var i = 3; i < 8; i++)
            await Catalog.UpdateEndpointAsync(endpoints[i] with
            {
                Enabled = false, DisabledReason = i < 5 ? null : EndpointDisabledReason.Gone, UpdatedAt = Start.AddMinutes(i == 7 ? 1 : i),
            }, endpoints[i].UpdatedAt, default);
        await Catalog.DeleteEndpointAsync(endpoints[4].Id, default);
        async Task<List<AilingEndpoint>> AllAsync(Func<AilingEndpoint?, Task<IReadOnlyList<AilingEndpoint>>> read)
        {
            var all = new List<AilingEndpoint>();
            while (await read(all.LastOrDefault()) is [var next])
                all.Add(next);
            return all;
        }

        var failing = await AllAsync(after => Alerts.ReadFailingAsync(Start.AddHours(-3), after, 1, default));
        var disabled = await AllAsync(after => Alerts.ReadDisabledAsync(after, 1, default));

        failing.ShouldBe([Trouble(0, Start.AddHours(-3), null), Trouble(1, Start.AddHours(-3), null)]);
        disabled.ShouldBe([
            Trouble(7, Start.AddMinutes(1), EndpointDisabledReason.Gone), Trouble(5, Start.AddMinutes(5), EndpointDisabledReason.Gone), Trouble(6, Start.AddMinutes(6), EndpointDisabledReason.Gone)]);
        AilingEndpoint Trouble(int i, DateTimeOffset since, EndpointDisabledReason? reason) => new(endpoints[i].Id, acme.Id, $"shop{i}", since, reason);
    }

    [Fact]
    public async Task What_waits_is_what_nothing_at_its_endpoint_holds()
    {
        var acme = await AddApplicationAsync("acme");
        var lanes = new List<Endpoint>();
        for (var i = 0; i < 4; i++)
            lanes.Add(await AddEndpointAsync(acme));
        await Catalog.UpdateEndpointAsync(lanes[3] with { Enabled = false }, lanes[3].UpdatedAt, default);
        var (well, failing, paused, disabled) = (lanes[0].Id, lanes[1].Id, lanes[2].Id, lanes[3].Id);
        (await Alerts.FindOldestWaitingAsync(default)).ShouldBeNull();
        await PublishAsync(failing, paused, disabled);
        var tried = await PublishAsync(well);
        await AcceptAsync(Owe(NewMessage(deliverAt: Clock.GetUtcNow().AddDays(1)), well));
        await Deliveries.PauseLaneAsync(paused, default);
        await Deliveries.SettleAsync(new SettleBatch(_node, [Retried((await PendingAsync(well)).Single(), TimeSpan.FromHours(1))], [
            new EndpointHealth(failing, Clock.GetUtcNow(), 3, 0), new EndpointHealth(well, null, 0, 0)], []), default);
        (await Alerts.FindOldestWaitingAsync(default)).ShouldBeNull();
        tried.AcceptedAt.ShouldBe(Start);

        Clock.Advance(TimeSpan.FromMinutes(1));
        await PublishAsync(well);
        (await Alerts.FindOldestWaitingAsync(default)).ShouldBe(Start.AddMinutes(1));
        await Deliveries.SettleAsync(new SettleBatch(_node, [], [new EndpointHealth(failing, null, 0, 0)], []), default);
        (await Alerts.FindOldestWaitingAsync(default)).ShouldBe(Start);
    }
}
