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
