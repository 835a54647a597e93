using System.Text;
using Grapnel.Auditing;
using Grapnel.Dispatching;
using Grapnel.Housekeeping;
using Grapnel.Registry;
using Grapnel.Sending.Signing;
using Grapnel.Storage;
using Grapnel.Tests.Engine;

namespace Grapnel.Tests.Auditing;

/// <summary>What people and the engine do is in the audit log: each act once, with who did it, and never with a secret.</summary>
public sealed class RecordedActsTests
{
    private const string Ada = "user:ada";
    private const string Mark = "s3cret";

    [Fact]
    public async Task Each_act_leaves_exactly_one_entry_with_its_actor()
    {
        await using var engine = await EngineHarness.StartAsync();
        var (apps, types, endpoints) = (engine.Get<ApplicationRegistry>(), engine.Get<EventTypeRegistry>(), engine.Get<EndpointRegistry>());
        var (schedules, keys) = (engine.Get<ScheduleRegistry>(), engine.Get<ApiKeyRegistry>());
        var app = await ActAsync(engine, "application.created", () => apps.CreateAsync(new ApplicationInput { Name = "Acme", Uid = "acme" }));
        await ActAsync(engine, "application.updated", () => apps.EditAsync("acme", input => input with { Name = "Acme 2" }, default));

        var type = new EventTypeInput { Name = "a.b", Description = "" };
        await ActAsync(engine, "event-type.created", () => types.CreateAsync(type, default));
        await ActAsync(engine, "event-type.updated", () => types.EditAsync("a.b", input => input with { Description = "d" }, default));
        await ActAsync(engine, "event-type.archived", () => DoneAsync(types.ArchiveAsync("a.b", default)));
        await ActAsync(engine, "event-type.restored", () => types.CreateAsync(type, default));
        await ActAsync(engine, "event-type.updated", () => types.ImportAsync([type with { Description = "e" }], replaceAll: false, dryRun: false, default));

        var endpoint = await ActAsync(engine, "endpoint.created", () => endpoints.CreateAsync(app.Id, new EndpointInput { Url = "http://127.0.0.1:9/" }, default));
        await ActAsync(engine, "endpoint.updated", () => engine.EditAsync(endpoint, input => input with { Description = "d" }));
        await ActAsync(engine, "endpoint.disabled", () => engine.EditAsync(endpoint, input => input with { Enabled = false }));
        await ActAsync(engine, "endpoint.enabled", () => engine.EditAsync(endpoint, input => input with { Enabled = true }));
        await ActAsync(engine, "endpoint.secret-rotated", () => engine.Get<EndpointSecrets>().RotateAsync(app.Id, endpoint.Id.ToString(), null, null, default));

        var schedule = await ActAsync(engine, "schedule.created", () => schedules.CreateAsync(app.Id, new ScheduleInput { EventType = "a.b", Cron = "0 0 1 1 *" }, default));
        await ActAsync(engine, "schedule.updated", () => schedules.EditAsync(app.Id, schedule.Id.ToString(), input => input with { Cron = "0 0 2 1 *" }, default));
        await ActAsync(engine, "schedule.deleted", () => DoneAsync(schedules.DeleteAsync(app.Id, schedule.Id.ToString(), default)));

        var key = await ActAsync(engine, "api-key.created", () => keys.CreateAsync("CI"));
        await ActAsync(engine, "api-key.updated", () => keys.EditAsync(key.Key.Id, input => input with { Name = "CI 2" }, default));
        await ActAsync(engine, "api-key.revoked", () => DoneAsync(keys.RevokeAsync(key.Key.Id)));
        await ActAsync(engine, "token.revoked", () =>
            DoneAsync(engine.Get<TokenRevocations>().RevokeAsync(app.Id, ["a", "b"], TimeSpan.Zero, DateTimeOffset.MaxValue)));

        await ActAsync(engine, "endpoint.deleted", () => DoneAsync(endpoints.DeleteAsync(app.Id, endpoint.Id.ToString(), default)));
        await ActAsync(engine, "event-type.deleted", () => DoneAsync(types.DeleteAsync("a.b", default)));
        await ActAsync(engine, "application.deleted", () => DoneAsync(apps.DeleteAsync("acme", default)));
    }

    [Fact]
    public async Task What_is_done_to_messages_and_tasks_leaves_one_entry_each_and_publishing_none()
    {
        await using var engine = await EngineHarness.StartAsync();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:9/");
        var deliveries = engine.Get<Deliveries>();
        await engine.PublishedAsync();
        await engine.QuietAsync();
        var before = await ReadAsync(engine);
        var later = await engine.PublishedAsync(change: request => request with { DeliverAt = engine.Time.GetUtcNow().AddDays(1) });
        (await ReadAsync(engine)).Count.ShouldBe(before.Count, "publishing is not audited");

        await ActAsync(engine, "message.resent", () => DoneAsync(deliveries.ResendAsync(later, endpoint)));
        await ActAsync(engine, "message.cancelled", () => deliveries.CancelAsync(later, null));
        await engine.PublishedAsync(change: request => request with { DeliverAt = engine.Time.GetUtcNow().AddDays(1) });
        await ActAsync(engine, "endpoint.queue-cancelled", () => DoneAsync(deliveries.CancelOlderAsync(endpoint, engine.Time.GetUtcNow().AddSeconds(1))));
        await ActAsync(engine, "message.content-removed", () => DoneAsync(deliveries.ExpungeAsync(later)));
        await ActAsync(engine, "background-task.begun", () => engine.Get<BackgroundTasks>().ReplayAsync(
            endpoint, BackgroundTaskKinds.ReplayMissing, new ReplayInput { Since = engine.Time.GetUtcNow().AddHours(-1) }, default));
    }

    [Fact]
    public async Task What_changes_nothing_leaves_nothing()
    {
        await using var engine = await EngineHarness.StartAsync();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:9/");
        var message = await engine.PublishedAsync();
        await engine.QuietAsync();
        var before = await ReadAsync(engine);

        await engine.EditAsync(endpoint, input => input);
        await engine.Get<ApplicationRegistry>().GetOrCreateAsync(new ApplicationInput { Name = "x", Uid = Application.DefaultUid }, default);
        await engine.Get<EventTypeRegistry>().UpsertAsync("order.created", new EventTypeInput { Name = "order.created", Description = "" }, default);
        await engine.Get<Deliveries>().CancelAsync(message, null);
        await engine.Get<Deliveries>().ExpungeAsync(message with { Payload = null });

        (await ReadAsync(engine)).ShouldBe(before);
    }

    [Fact]
    public async Task An_endpoint_that_the_engine_disables_is_disabled_by_the_engine()
    {
        await using var engine = await EngineHarness.StartAsync();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:9/");
        await engine.Get<EndpointRegistry>().DisableAsync(endpoint.Id, EndpointDisabledReason.Gone, default);
        var entry = (await ReadAsync(engine))[^1];

        (entry.Action, entry.Actor, entry.Subject, entry.ApplicationId).ShouldBe(("endpoint.disabled", Actor.Engine, endpoint.Id.ToString(), endpoint.ApplicationId));
        entry.Changes.ShouldBe("""{"enabled":{"from":true,"to":false},"disabledReason":{"from":null,"to":"gone"}}""");
    }

    [Fact]
    public async Task No_secret_is_ever_in_the_log()
    {
        await using var engine = await EngineHarness.StartAsync();
        var secret = "whsec_" + Convert.ToBase64String(Encoding.UTF8.GetBytes(Mark + new string('x', 30)));
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:9/", input => input with
        {
            Secret = secret, Headers = new Dictionary<string, string> { ["X-Auth"] = Mark },
        });
        await engine.EditAsync(endpoint, input => input with { Headers = new Dictionary<string, string> { ["X-Auth"] = Mark + "2" }, Description = "d" });
        var rotated = await engine.Get<EndpointSecrets>().RotateAsync(endpoint.ApplicationId, endpoint.Id.ToString(), null, null, default);
        await engine.Get<EndpointRegistry>().DeleteAsync(endpoint.ApplicationId, endpoint.Id.ToString(), default);
        var key = await engine.Get<ApiKeyRegistry>().CreateAsync("CI");
        await engine.Get<ApiKeyRegistry>().EnsureAsync("Chosen", Mark + new string('k', 30), default);
        await engine.Get<ScheduleRegistry>().CreateAsync(endpoint.ApplicationId, new ScheduleInput
        {
            EventType = "order.created", Cron = "0 0 1 1 *", Payload = Encoding.UTF8.GetBytes($"\"{Mark}\""),
        }, default);

        var text = string.Join('\n', (await ReadAsync(engine)).Select(entry => entry.ToString()));

        text.ShouldContain("endpoint.secret-rotated");
        foreach (var hidden in new[] { Mark, secret[6..], ReceiverKey.Of(rotated.Secrets[0]).ToText()[6..], key.Text, key.Key.Hint, "whsec_" })
            text.ShouldNotContain(hidden);
    }

    [Fact]
    public async Task Entries_go_when_their_time_is_over_and_no_sooner()
    {
        await using var engine = await EngineHarness.StartAsync(
            services: s => Microsoft.Extensions.DependencyInjection.OptionsServiceCollectionExtensions.Configure<RetentionOptions>(
                s, options => (options.AuditLog, options.Interval) = (TimeSpan.FromDays(2), TimeSpan.FromHours(1))));
        var old = await ReadAsync(engine);
        await engine.AdvanceAsync(TimeSpan.FromHours(36), TimeSpan.FromHours(6));
        await engine.Get<ApplicationRegistry>().CreateAsync(new ApplicationInput { Name = "young" });
        (await ReadAsync(engine)).Count.ShouldBe(old.Count + 1);

        await engine.AdvanceAsync(TimeSpan.FromHours(14), TimeSpan.FromHours(1));

        await engine.UntilAsync(async () => (await ReadAsync(engine)).Count == 1);
    }

    private static async Task<T> ActAsync<T>(EngineHarness engine, string action, Func<Task<T>> act)
    {
        var before = await ReadAsync(engine);
        T result;
        using (Actor.As(Ada))
            result = await act();
        var entry = (await ReadAsync(engine)).Skip(before.Count).ShouldHaveSingleItem(action);
        (entry.Action, entry.Actor).ShouldBe((action, Ada));
        return result;
    }

    private static async Task<bool> DoneAsync(Task act)
    {
        await act;
        return true;
    }

    private static async Task<IReadOnlyList<AuditEntry>> ReadAsync(EngineHarness engine) =>
        (await engine.Get<AuditLog>().ListAsync(new AuditFilter(), new PageRequest(250), default)).Items;
}
