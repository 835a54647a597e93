using System.Text;
namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task A_new_store_has_the_default_and_the_operational_application()
    {
        (await Catalog.FindApplicationAsync(Application.DefaultUid, default))!.Name.ShouldBe("Default");
        (await Catalog.FindApplicationAsync(Application.OperationalUid, default))!.Name.ShouldBe("Operational events");
        (await Catalog.ListApplicationsAsync(new PageRequest(), default)).Items.Count.ShouldBe(2);
    }

    [Fact]
    public async Task The_catalog_survives_a_restart_and_is_not_seeded_twice()
    {
        var application = await AddApplicationAsync("acme");

        await _store.ReopenAsync();

        (await Catalog.FindApplicationAsync("acme", default))!.Id.ShouldBe(application.Id);
        (await Catalog.ListApplicationsAsync(new PageRequest(), default)).Items.Count.ShouldBe(3);
    }

    [Fact]
    public async Task An_application_is_found_by_id_and_by_uid_with_every_field()
    {
        var application = await AddApplicationAsync("acme");

        foreach (var key in new[] { application.Id.ToString(), "acme" })
        {
            var found = await Catalog.FindApplicationAsync(key, default);
            found!.Metadata.ShouldBe(application.Metadata);
            (found with { Metadata = application.Metadata }).ShouldBe(application);
        }
        (await Catalog.FindApplicationAsync("nobody", default)).ShouldBeNull();
    }

    [Fact]
    public async Task An_application_uid_is_taken_once_and_free_again_after_its_deletion()
    {
        var first = await AddApplicationAsync("acme");
        var second = await AddApplicationAsync("other");

        (await Should.ThrowAsync<ConflictException>(() => AddApplicationAsync("acme"))).Code.ShouldBe("conflict");
        await Should.ThrowAsync<ConflictException>(() => Catalog.UpdateApplicationAsync(second with { Uid = "acme" }, second.UpdatedAt, default));
        (await Catalog.UpdateApplicationAsync(first with { Name = "Same uid" }, first.UpdatedAt, default)).ShouldBeTrue();
        await Catalog.DeleteApplicationAsync(first.Id, default);
        (await AddApplicationAsync("acme")).Id.ShouldNotBe(first.Id);
    }

    [Fact]
    public async Task Any_number_of_applications_may_have_no_uid()
    {
        await AddApplicationAsync(null);
        await AddApplicationAsync(null);

        (await Catalog.ListApplicationsAsync(new PageRequest(), default)).Items.Count.ShouldBe(4);
    }

    [Fact]
    public async Task Applications_that_have_a_rate_limit_are_found()
    {
        var (limited, free) = (await AddApplicationAsync("limited"), await AddApplicationAsync("free"));
        await Catalog.UpdateApplicationAsync(free with { RateLimit = null }, free.UpdatedAt, default);
        (await Catalog.ReadLimitedApplicationsAsync(default)).Select(row => (row.Id, row.RateLimit)).ShouldBe([(limited.Id, limited.RateLimit)]);

        await Catalog.UpdateApplicationAsync(limited with { RateLimit = null }, limited.UpdatedAt, default);
        (await Catalog.ReadLimitedApplicationsAsync(default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_is_not_there_cannot_be_updated_or_deleted()
    {
        var application = NewApplication("ghost");
        (await Catalog.UpdateApplicationAsync(application, application.UpdatedAt, default)).ShouldBeFalse();
        (await Catalog.DeleteApplicationAsync(application.Id, default)).ShouldBeNull();
        (await Catalog.UpdateEndpointAsync(NewEndpoint(application), Start, default)).ShouldBeFalse();
        (await Catalog.DeleteEndpointAsync(NewLane(), default)).ShouldBeFalse();
        (await Catalog.UpdateEventTypeAsync(NewEventType("ghost"), Start, default)).ShouldBeFalse();
        (await Catalog.DeleteEventTypeAsync("ghost", default)).ShouldBeFalse();
        (await Catalog.UpdateScheduleAsync(NewSchedule(application, Start), Start, default)).ShouldBeFalse();
        (await Catalog.DeleteScheduleAsync(Ids.Next<Schedule>(), default)).ShouldBeFalse();
        (await Catalog.RevokeApiKeyAsync(Ids.Next<ApiKey>(), Start, default)).ShouldBeFalse();
        (await Catalog.UpdateApiKeyAsync(Ids.Next<ApiKey>(), "ghost", null, default)).ShouldBeFalse();
    }

    [Fact]
    public async Task What_was_changed_since_it_was_read_is_not_replaced()
    {
        var application = NewApplication("acme");
        var (eventType, endpoint, schedule) = (NewEventType("invoice.paid"), NewEndpoint(application), NewSchedule(application, Start));
        await Catalog.AddApplicationAsync(application, default);
        await Catalog.AddEventTypeAsync(eventType, default);
        await Catalog.AddEndpointAsync(endpoint, default);
        await Catalog.AddScheduleAsync(schedule, default);
        var (read, changed) = (endpoint.UpdatedAt, endpoint.UpdatedAt.AddMilliseconds(1));
        var version = (await Catalog.ReadRouteChangesAsync(0, default)).Version;

        await SecondIsRefusedAsync(text => Catalog.UpdateApplicationAsync(application with { Name = text, UpdatedAt = changed }, read, default));
        await SecondIsRefusedAsync(text => Catalog.UpdateEventTypeAsync(eventType with { Description = text, UpdatedAt = changed }, read, default));
        await SecondIsRefusedAsync(text => Catalog.UpdateEndpointAsync(endpoint with { Description = text, UpdatedAt = changed }, read, default));
        await SecondIsRefusedAsync(text => Catalog.UpdateScheduleAsync(schedule with { Payload = Encoding.UTF8.GetBytes(text), UpdatedAt = changed }, read, default));

        (await Catalog.FindApplicationAsync(application.Id.ToString(), default))!.Name.ShouldBe("first");
        (await Catalog.FindEventTypeAsync("invoice.paid", default))!.Description.ShouldBe("first");
        (await Catalog.ReadEndpointsAsync([endpoint.Id], default)).Single().Description.ShouldBe("first");
        (await Catalog.FindScheduleAsync(application.Id, schedule.Id, default))!.Payload.ShouldBe("first"u8.ToArray());
        (await Catalog.ReadRouteChangesAsync(0, default)).Version.ShouldBe(version + 2, "of the application and of the endpoint");

        static async Task SecondIsRefusedAsync(Func<string, Task<bool>> update)
        {
            (await update("first")).ShouldBeTrue();
            await Should.ThrowAsync<StaleEditException>(() => update("second"));
        }
    }

    [Fact]
    public async Task Deleting_an_application_deletes_its_endpoints_and_schedules()
    {
        var application = await AddApplicationAsync("acme");
        var other = await AddApplicationAsync("other");
        var endpoint = await AddEndpointAsync(application);
        var stays = await AddEndpointAsync(other);
        await Catalog.AddScheduleAsync(NewSchedule(application, Start), default);

        (await Catalog.DeleteApplicationAsync(application.Id, default)).ShouldBe([endpoint.Id]);

        (await Catalog.ReadEndpointsAsync([endpoint.Id, stays.Id], default)).Single().Id.ShouldBe(stays.Id);
        (await Catalog.NextScheduleAtAsync(default)).ShouldBeNull();
        (await Catalog.FindRevisionAsync(endpoint.Id, long.MaxValue, default))!.Deleted.ShouldBeTrue();
    }

    [Fact]
    public async Task An_endpoint_comes_back_with_every_field()
    {
        var application = await AddApplicationAsync("acme");
        var endpoint = NewEndpoint(application) with
        {
            Uid = "hook", Description = "d", EventTypes = ["a.b"], Channels = ["c"], Enabled = false,
            DisabledReason = EndpointDisabledReason.FailingForTooLong,
            Secrets = [new EndpointSecret([1, 2, 3], null), new EndpointSecret([4], Start) { Type = SignatureType.Ed25519 }],
            Headers = new Dictionary<string, string> { ["X-One"] = "1" }, Metadata = new Dictionary<string, string> { ["k"] = "v" },
            RateLimit = 5, MaxConcurrency = 2, Timeout = TimeSpan.FromSeconds(7), RetrySchedule = [TimeSpan.FromMilliseconds(1500)],
            Ordered = true, OnExhausted = OnExhausted.Pause, Version = 3,
        };
        await Catalog.AddEndpointAsync(endpoint, default);

        var found = (await Catalog.FindEndpointAsync(application.Id, "hook", default))!;

        found.EventTypes.ShouldBe(endpoint.EventTypes);
        found.Channels.ShouldBe(endpoint.Channels);
        found.RetrySchedule.ShouldBe(endpoint.RetrySchedule);
        found.Headers.ShouldBe(endpoint.Headers);
        found.Metadata.ShouldBe(endpoint.Metadata);
        found.Secrets.Select(secret => (Convert.ToHexString(secret.Key), secret.ExpiresAt, secret.Type))
            .ShouldBe([("010203", null, SignatureType.Hmac256), ("04", Start, SignatureType.Ed25519)]);
        (found with
        {
            EventTypes = endpoint.EventTypes, Channels = endpoint.Channels, RetrySchedule = endpoint.RetrySchedule,
            Headers = endpoint.Headers, Metadata = endpoint.Metadata, Secrets = endpoint.Secrets,
        }).ShouldBe(endpoint);
    }

    [Fact]
    public async Task An_endpoint_is_found_in_its_own_application_only()
    {
        var (acme, other) = (await AddApplicationAsync("acme"), await AddApplicationAsync("other"));
        var endpoint = await AddEndpointAsync(acme, "hook");

        (await Catalog.FindEndpointAsync(acme.Id, endpoint.Id.ToString(), default)).ShouldNotBeNull();
        (await Catalog.FindEndpointAsync(other.Id, endpoint.Id.ToString(), default)).ShouldBeNull();
        (await Catalog.FindEndpointAsync(other.Id, "hook", default)).ShouldBeNull();
    }

    [Fact]
    public async Task An_endpoint_uid_is_taken_once_per_application_and_free_again_after_deletion()
    {
        var (acme, other) = (await AddApplicationAsync("acme"), await AddApplicationAsync("other"));
        var first = await AddEndpointAsync(acme, "hook");
        var second = await AddEndpointAsync(acme, "second");

        await AddEndpointAsync(other, "hook");
        (await Should.ThrowAsync<ConflictException>(() => AddEndpointAsync(acme, "hook"))).Code.ShouldBe("conflict");
        await Should.ThrowAsync<ConflictException>(() => Catalog.UpdateEndpointAsync(second with { Uid = "hook" }, second.UpdatedAt, default));
        (await Catalog.UpdateEndpointAsync(first with { Description = "same uid" }, first.UpdatedAt, default)).ShouldBeTrue();
        (await Catalog.DeleteEndpointAsync(first.Id, default)).ShouldBeTrue();
        await AddEndpointAsync(acme, "hook");
    }

    [Fact]
    public async Task An_endpoint_of_an_unknown_application_is_refused() =>
        await Should.ThrowAsync<NotFoundException>(() => Catalog.AddEndpointAsync(NewEndpoint(NewApplication("ghost")), default));

    [Fact]
    public async Task A_write_that_was_refused_leaves_no_revision_behind()
    {
        var acme = await AddApplicationAsync("acme");
        await AddEndpointAsync(acme, "hook");
        var before = (await Catalog.ReadRouteTableAsync("acme", default))!.Version;

        await Should.ThrowAsync<ConflictException>(() => AddEndpointAsync(acme, "hook"));

        (await Catalog.ReadRouteTableAsync("acme", default))!.Version.ShouldBe(before);
    }

    [Fact]
    public async Task The_route_table_holds_all_endpoints_and_its_version_grows_with_every_write_to_one()
    {
        var acme = await AddApplicationAsync("acme");
        var versions = new List<long> { (await Catalog.ReadRouteTableAsync("acme", default))!.Version };
        async Task Note() => versions.Add((await Catalog.ReadRouteTableAsync(acme.Id.ToString(), default))!.Version);

        var (a, b) = (await AddEndpointAsync(acme), await AddEndpointAsync(acme));
        await Note();
        await Catalog.UpdateEndpointAsync(a with { Enabled = false }, a.UpdatedAt, default);
        await Note();
        await Catalog.DeleteEndpointAsync(b.Id, default);
        await Note();

        versions.ShouldBe(versions.Distinct().Order());
        var table = (await Catalog.ReadRouteTableAsync("acme", default))!;
        table.Application.Id.ShouldBe(acme.Id);
        table.Endpoints.Single().Enabled.ShouldBeFalse();
        (await Catalog.ReadRouteTableAsync("nobody", default)).ShouldBeNull();
    }

    [Fact]
    public async Task Revisions_tell_what_routing_saw_at_any_version()
    {
        var acme = await AddApplicationAsync("acme");
        async Task<long> VersionAsync() => (await Catalog.ReadRouteTableAsync("acme", default))!.Version;
        var none = await VersionAsync();
        var endpoint = await AddEndpointAsync(acme);
        var added = await VersionAsync();
        await Catalog.UpdateEndpointAsync(endpoint with { Enabled = false, EventTypes = ["a"], Channels = ["c"] }, endpoint.UpdatedAt, default);
        var updated = await VersionAsync();
        await AddEndpointAsync(acme);
        var unrelated = await VersionAsync();
        await Catalog.DeleteEndpointAsync(endpoint.Id, default);
        var deleted = await VersionAsync();

        (await Catalog.FindRevisionAsync(endpoint.Id, none, default)).ShouldBeNull();
        (await Catalog.FindRevisionAsync(endpoint.Id, added, default))!.Enabled.ShouldBeTrue();
        foreach (var version in new[] { updated, unrelated })
        {
            var revision = (await Catalog.FindRevisionAsync(endpoint.Id, version, default))!;
            (revision.Enabled, revision.EventTypes![0], revision.Channels![0], revision.Deleted).ShouldBe((false, "a", "c", false));
        }
        (await Catalog.FindRevisionAsync(endpoint.Id, deleted, default))!.Deleted.ShouldBeTrue();
    }

    [Fact]
    public async Task An_event_type_exists_once()
    {
        var type = NewEventType("order.created") with { FeatureFlags = ["beta"], Schemas = "{\"1\":{}}", GroupName = "orders", Deprecated = true };
        await Catalog.AddEventTypeAsync(type, default);

        (await Should.ThrowAsync<ConflictException>(() => Catalog.AddEventTypeAsync(type, default))).Code.ShouldBe("event_type_exists");

        var found = (await Catalog.FindEventTypeAsync("order.created", default))!;
        found.FeatureFlags.ShouldBe(type.FeatureFlags);
        (found with { FeatureFlags = type.FeatureFlags }).ShouldBe(type);
        (await Catalog.DeleteEventTypeAsync("order.created", default)).ShouldBeTrue();
        (await Catalog.FindEventTypeAsync("order.created", default)).ShouldBeNull();
    }

    [Fact]
    public async Task Archived_event_types_are_left_out_unless_asked_for()
    {
        await Catalog.AddEventTypeAsync(NewEventType("a"), default);
        await Catalog.AddEventTypeAsync(NewEventType("b"), default);
        await Catalog.UpdateEventTypeAsync(NewEventType("b") with { Archived = true }, Start, default);

        (await Catalog.ReadEventTypeNamesAsync(default)).ShouldBe(["a"]);
        (await Catalog.ListEventTypesAsync(new PageRequest(), includeArchived: false, featureFlags: null, default)).Items.Count.ShouldBe(1);
        (await Catalog.ListEventTypesAsync(new PageRequest(), includeArchived: true, featureFlags: null, default)).Items.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_schedule_moves_on_for_one_caller_only()
    {
        var acme = await AddApplicationAsync("acme");
        var schedule = NewSchedule(acme, Start);
        await Catalog.AddScheduleAsync(schedule, default);

        var moved = await Task.WhenAll(Enumerable.Range(0, 8)
            .Select(_ => Catalog.AdvanceScheduleAsync(schedule.Id, Start, Start.AddMinutes(1), default)));

        moved.Count(won => won).ShouldBe(1);
        (await Catalog.FindScheduleAsync(acme.Id, schedule.Id, default))!.NextAt.ShouldBe(Start.AddMinutes(1));
        (await Catalog.FindScheduleAsync(Tenant, schedule.Id, default)).ShouldBeNull();
    }

    [Fact]
    public async Task Due_schedules_come_the_earliest_first_and_disabled_ones_never()
    {
        var acme = await AddApplicationAsync("acme");
        var (late, early, never) = (NewSchedule(acme, Start), NewSchedule(acme, Start.AddHours(-1)), NewSchedule(acme, Start.AddHours(-2)));
        foreach (var schedule in new[] { late, early, never with { Enabled = false }, NewSchedule(acme, Start.AddHours(1)) })
            await Catalog.AddScheduleAsync(schedule, default);

        (await Catalog.ReadDueSchedulesAsync(Start, 10, default)).Select(schedule => schedule.Id).ShouldBe([early.Id, late.Id]);
        (await Catalog.ReadDueSchedulesAsync(Start, 1, default)).Single().Id.ShouldBe(early.Id);
        (await Catalog.NextScheduleAtAsync(default)).ShouldBe(Start.AddHours(-1));
    }

    [Fact]
    public async Task A_key_is_revoked_once()
    {
        var key = new ApiKey { Id = Ids.Next<ApiKey>(), Name = "ci", Hash = [1, 2], Hint = "gk_ab", CreatedAt = Start };
        await Catalog.AddApiKeyAsync(key, default);

        (await Catalog.RevokeApiKeyAsync(key.Id, Start, default)).ShouldBeTrue();
        (await Catalog.RevokeApiKeyAsync(key.Id, Start, default)).ShouldBeFalse();

        var stored = (await Catalog.ReadApiKeysAsync(default)).Single();
        stored.Hash.ShouldBe(key.Hash);
        (stored with { Hash = key.Hash }).ShouldBe(key with { RevokedAt = Start });
    }

    [Fact]
    public async Task A_key_whose_text_works_already_is_not_added_again_and_one_that_no_longer_does_is()
    {
        ApiKey New() => new() { Id = Ids.Next<ApiKey>(), Name = "chosen", Hash = [1, 2], Hint = "ch", CreatedAt = Start };
        var first = New() with { ExpiresAt = Start.AddDays(1) };
        (await Catalog.AddApiKeyAsync(first, default)).ShouldBeTrue();

        (await Catalog.AddApiKeyAsync(New(), default)).ShouldBeFalse();
        (await Catalog.AddApiKeyAsync(New() with { Hash = [1, 3] }, default)).ShouldBeTrue();
        (await Catalog.ReadApiKeysAsync(default)).Count.ShouldBe(2);

        var second = New() with { CreatedAt = Start.AddDays(1) };
        (await Catalog.AddApiKeyAsync(second, default)).ShouldBeTrue("the first has expired");
        await Catalog.RevokeApiKeyAsync(second.Id, Start, default);
        (await Catalog.AddApiKeyAsync(second with { Id = Ids.Next<ApiKey>() }, default)).ShouldBeTrue("the second is revoked");
    }

    private Application NewApplication(string? uid) => new()
    {
        Id = Ids.Next<Application>(), Uid = uid, Name = uid ?? "nameless", RateLimit = 7,
        Metadata = new Dictionary<string, string> { ["plan"] = "gold" }, CreatedAt = Start, UpdatedAt = Start,
    };

    private async Task<Application> AddApplicationAsync(string? uid)
    {
        var application = NewApplication(uid);
        await Catalog.AddApplicationAsync(application, default);
        return application;
    }

    private Endpoint NewEndpoint(Application application) => new()
    {
        Id = Ids.Next<Endpoint>(), ApplicationId = application.Id, Url = "https://receiver.example/hook",
        Secrets = [new EndpointSecret(new byte[24], null)], CreatedAt = Start, UpdatedAt = Start,
    };

    private async Task<Endpoint> AddEndpointAsync(Application application, string? uid = null)
    {
        var endpoint = NewEndpoint(application) with { Uid = uid };
        await Catalog.AddEndpointAsync(endpoint, default);
        return endpoint;
    }

    [Fact]
    public async Task Event_types_whose_payloads_are_validated_are_found_archived_ones_too_with_their_schemas()
    {
        const string Schemas = """{"1":{"type":"object"}}""";
        await Catalog.AddEventTypeAsync(NewEventType("off") with { Schemas = Schemas }, default);
        await Catalog.AddEventTypeAsync(NewEventType("warned") with { Schemas = Schemas, Validation = SchemaValidation.Warn, Archived = true }, default);
        await Catalog.AddEventTypeAsync(NewEventType("enforced") with { Schemas = Schemas, Validation = SchemaValidation.Enforce }, default);

        (await Catalog.ReadValidatedEventTypesAsync(default)).Select(type => (type.Name, type.Validation, type.Schemas)).ShouldBe(
            [("enforced", SchemaValidation.Enforce, Schemas), ("warned", SchemaValidation.Warn, Schemas)]);
    }

    private static EventType NewEventType(string name) => new() { Name = name, Description = "", CreatedAt = Start, UpdatedAt = Start };

    private Schedule NewSchedule(Application application, DateTimeOffset nextAt) => new()
    {
        Id = Ids.Next<Schedule>(), ApplicationId = application.Id, EventType = "tick", Cron = "* * * * *", Payload = [1],
        NextAt = nextAt, CreatedAt = Start, UpdatedAt = Start,
    };
}
