namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task An_audit_entry_keeps_every_field_through_a_restart()
    {
        var full = NewEntry() with { ApplicationId = Tenant, Changes = """{"url":{"from":"a","to":"ü"}}""" };
        var bare = NewEntry();
        await Console.AddAuditEntriesAsync([full, bare], default);

        await _store.ReopenAsync();

        (await ListAuditAsync()).Items.ShouldBe([full, bare]);
    }

    [Fact]
    public async Task Adding_audit_entries_again_adds_only_what_is_missing()
    {
        var entries = await AddEntriesAsync(2);

        await Console.AddAuditEntriesAsync([.. entries, NewEntry()], default);

        (await ListAuditAsync()).Items.Count.ShouldBe(3);
        (await ListAuditAsync()).Items.Take(2).ShouldBe(entries);
    }

    [Fact]
    public async Task The_audit_log_is_read_page_by_page_both_ways()
    {
        var all = await AddEntriesAsync(7);

        var first = await ListAuditAsync(page: new PageRequest(3));
        var second = await ListAuditAsync(page: new PageRequest(3, first.Items[^1].Id.ToString()));
        var back = await ListAuditAsync(page: new PageRequest(2, "-" + second.Items[0].Id));
        var newest = await ListAuditAsync(page: new PageRequest(2, Descending: true));

        first.Items.Concat(second.Items).ShouldBe(all[..6]);
        (first.Done, second.Done).ShouldBe((false, false));
        back.Items.ShouldBe(all[1..3]);
        newest.Items.ShouldBe([all[6], all[5]]);
    }

    [Fact]
    public async Task The_audit_log_is_filtered_by_actor_by_subject_by_application_and_by_all_of_them()
    {
        var other = Ids.Next<Application>();
        AuditEntry[] all =
        [
            NewEntry("ada", "ep_1", Tenant), NewEntry("bob", "ep_1", Tenant), NewEntry("ada", "ep_2", Tenant), NewEntry("ada", "ep_1", other),
            NewEntry("ada", "ep_1"),
        ];
        await Console.AddAuditEntriesAsync(all, default);

        (await ListAuditAsync(new AuditFilter(Actor: "ada"))).Items.ShouldBe([all[0], all[2], all[3], all[4]]);
        (await ListAuditAsync(new AuditFilter(Subject: "ep_1"))).Items.ShouldBe([all[0], all[1], all[3], all[4]]);
        (await ListAuditAsync(new AuditFilter(ApplicationId: Tenant))).Items.ShouldBe(all[..3]);
        (await ListAuditAsync(new AuditFilter("ada", "ep_1", Tenant))).Items.ShouldBe([all[0]]);
        (await ListAuditAsync(new AuditFilter("nobody"))).Items.ShouldBeEmpty();
    }

    [Fact]
    public async Task Old_audit_entries_go_a_few_at_a_time_and_the_others_stay()
    {
        var old = await AddEntriesAsync(5);
        Clock.Advance(TimeSpan.FromDays(1));
        var limit = Clock.GetUtcNow();
        var fresh = await AddEntriesAsync(2);

        (await Console.PruneAuditEntriesAsync(limit, 3, default)).ShouldBe(3);
        (await ListAuditAsync()).Items.ShouldBe([.. old[3..], .. fresh]);
        (await Console.PruneAuditEntriesAsync(limit, 3, default)).ShouldBe(2);
        (await Console.PruneAuditEntriesAsync(limit, 3, default)).ShouldBe(0);

        (await ListAuditAsync()).Items.ShouldBe(fresh);
    }

    private Task<Page<AuditEntry>> ListAuditAsync(AuditFilter? filter = null, PageRequest? page = null) =>
        Console.ListAuditEntriesAsync(filter ?? new AuditFilter(), page ?? new PageRequest(), default);

    private AuditEntry NewEntry(string actor = "grapnel", string subject = "ep_1", Id<Application>? application = null) => new()
    {
        Id = Ids.Next<AuditEntry>(), Actor = actor, Action = "endpoint.updated", Subject = subject, ApplicationId = application,
    };

    private async Task<AuditEntry[]> AddEntriesAsync(int count)
    {
        AuditEntry[] entries = [.. Enumerable.Range(0, count).Select(_ => NewEntry())];
        await Console.AddAuditEntriesAsync(entries, default);
        return entries;
    }
}
