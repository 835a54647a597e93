namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task A_key_keeps_every_field_through_a_restart()
    {
        var key = await AddKeyAsync();

        await _store.ReopenAsync();

        (await ReadKeyAsync(key)).ShouldBe(key);
    }

    [Fact]
    public async Task Editing_a_key_changes_name_and_expiry_and_nothing_else()
    {
        var (key, untouched) = (await AddKeyAsync(), await AddKeyAsync());
        await Catalog.NoteApiKeyUsesAsync([key.Id], Start, default);

        (await Catalog.UpdateApiKeyAsync(key.Id, "new", null, default)).ShouldBeTrue();

        (await ReadKeyAsync(key)).ShouldBe(key with { Name = "new", ExpiresAt = null, LastUsedAt = Start });
        (await ReadKeyAsync(untouched)).ShouldBe(untouched);
    }

    [Fact]
    public async Task A_revoked_key_is_not_edited()
    {
        var key = await AddKeyAsync();
        await Catalog.RevokeApiKeyAsync(key.Id, Start, default);

        (await Catalog.UpdateApiKeyAsync(key.Id, "new", null, default)).ShouldBeFalse();

        (await ReadKeyAsync(key)).ShouldBe(key with { RevokedAt = Start });
    }

    [Fact]
    public async Task The_latest_use_of_a_key_stays_whichever_node_noted_it()
    {
        var (one, two, unused) = (await AddKeyAsync(), await AddKeyAsync(), await AddKeyAsync());

        await Catalog.NoteApiKeyUsesAsync([two.Id, one.Id, Ids.Next<ApiKey>()], Start.AddMinutes(1), default);
        await Catalog.NoteApiKeyUsesAsync([one.Id], Start, default);
        await Catalog.NoteApiKeyUsesAsync([two.Id], Start.AddMinutes(2), default);

        (await ReadKeyAsync(one)).LastUsedAt.ShouldBe(Start.AddMinutes(1));
        (await ReadKeyAsync(two)).LastUsedAt.ShouldBe(Start.AddMinutes(2));
        (await ReadKeyAsync(unused)).LastUsedAt.ShouldBeNull();
    }

    [Fact]
    public async Task Revocations_are_kept_until_their_time_is_over_and_through_a_restart()
    {
        var (soon, later) = (Revocation("a", before: 0, keepUntil: 10), Revocation("b", before: 0, keepUntil: 20));
        await Catalog.AddTokenRevocationsAsync([soon, later], default);

        await _store.ReopenAsync();
        (await RevocationsAsync(at: 9)).ShouldBe([soon, later], ignoreOrder: true);
        (await RevocationsAsync(at: 10)).ShouldBe([later]);

        (await Catalog.DropTokenRevocationsAsync(Start.AddSeconds(9), default)).ShouldBe(0);
        (await Catalog.DropTokenRevocationsAsync(Start.AddSeconds(10), default)).ShouldBe(1);
        (await RevocationsAsync(at: 0)).ShouldBe([later]);
    }

    [Fact]
    public async Task A_later_revocation_never_revives_what_an_earlier_one_ended()
    {
        var (atOnce, delayed) = (Revocation("a", before: 0, keepUntil: 100), Revocation("a", before: 5, effectiveAt: 60, keepUntil: 100));

        await Catalog.AddTokenRevocationsAsync([atOnce], default);
        await Catalog.AddTokenRevocationsAsync([delayed], default);

        (await RevocationsAsync(at: 0)).ShouldBe([atOnce, delayed], ignoreOrder: true);
    }

    [Fact]
    public async Task Of_two_revocations_at_the_same_time_the_sooner_effect_and_the_longer_keeping_hold()
    {
        await Catalog.AddTokenRevocationsAsync([Revocation("a", before: 5, effectiveAt: 60, keepUntil: 200)], default);
        await Catalog.AddTokenRevocationsAsync([Revocation("a", before: 5, effectiveAt: 30, keepUntil: 100)], default);

        (await RevocationsAsync(at: 0)).ShouldBe([Revocation("a", before: 5, effectiveAt: 30, keepUntil: 200)]);
    }

    [Fact]
    public async Task Revocations_of_one_subject_do_not_pile_up()
    {
        for (var i = 0; i < 10; i++)
            await Catalog.AddTokenRevocationsAsync([Revocation("a", before: i, keepUntil: 100 + i)], default);

        (await RevocationsAsync(at: 0)).ShouldBe([Revocation("a", before: 9, keepUntil: 109)]);
    }

    [Fact]
    public async Task All_who_ask_for_a_secret_get_the_first_one()
    {
        (await Catalog.EnsureSecretAsync(new InstallationSecret("a", [1, 2, 3]), default)).Value.ShouldBe([1, 2, 3]);
        (await Catalog.EnsureSecretAsync(new InstallationSecret("b", [9]), default)).Value.ShouldBe([9]);

        await _store.ReopenAsync();

        (await Catalog.EnsureSecretAsync(new InstallationSecret("a", [4]), default)).Value.ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task A_list_for_some_feature_flags_has_full_pages_of_what_they_make_visible_both_ways()
    {
        for (var i = 0; i < 30; i++)
            await Catalog.AddEventTypeAsync(
                NewEventType($"t{i:00}") with { FeatureFlags = i % 3 == 0 ? null : i % 3 == 1 ? ["beta"] : ["gold", "beta"] }, default);
        string[] expected = [.. Enumerable.Range(0, 30).Where(i => i % 3 != 1).Select(i => $"t{i:00}")];

        var first = await ListAsync(new PageRequest(8));
        var second = await ListAsync(new PageRequest(12, first.Items[^1].Name));
        var back = await ListAsync(new PageRequest(5, "-" + second.Items[0].Name));

        first.Items.Concat(second.Items).Select(type => type.Name).ShouldBe(expected);
        (first.Done, second.Done).ShouldBe((false, true));
        back.Items.Select(type => type.Name).ShouldBe(expected[3..8]);
        (await Catalog.ListEventTypesAsync(new PageRequest(50), false, [], default)).Items.Count.ShouldBe(10);

        Task<Page<EventType>> ListAsync(PageRequest page) => Catalog.ListEventTypesAsync(page, includeArchived: false, ["gold", "other"], default);
    }

    private static TokenRevocation Revocation(string subject, int before, int keepUntil, int? effectiveAt = null) =>
        new(subject, Start.AddSeconds(before), Start.AddSeconds(effectiveAt ?? before), Start.AddSeconds(keepUntil));

    private Task<IReadOnlyList<TokenRevocation>> RevocationsAsync(int at) => Catalog.ReadTokenRevocationsAsync(Start.AddSeconds(at), default);

    private async Task<ApiKey> AddKeyAsync()
    {
        var id = Ids.Next<ApiKey>();
        var key = new ApiKey
        {
            Id = id, Name = "ci", Hash = id.ToBytes(), Hint = "gk_ab", Scope = ApiKeyScope.Read, ApplicationId = Tenant,
            ExpiresAt = Start.AddDays(1), CreatedAt = Start,
        };
        await Catalog.AddApiKeyAsync(key, default);
        return key;
    }

    private async Task<ApiKey> ReadKeyAsync(ApiKey key) =>
        (await Catalog.ReadApiKeysAsync(default)).Single(row => row.Id == key.Id) with { Hash = key.Hash };
}
