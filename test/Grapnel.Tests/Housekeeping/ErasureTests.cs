using Grapnel.Auditing;
using Grapnel.Housekeeping;
using Grapnel.Registry;
using Grapnel.Storage;
using Grapnel.Storage.Sqlite;
using Grapnel.Tests.Engine;

namespace Grapnel.Tests.Housekeeping;

/// <summary>Erasing applications in the whole engine, over a real store.</summary>
public sealed class ErasureTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task An_application_goes_at_once_and_all_that_is_remembered_of_it_soon_while_others_go_on()
    {
        await using var engine = await EngineHarness.StartAsync(delivery => delivery.RetrySchedule = [3600 * Second]);
        var (application, endpoints) = await LiveAsync(engine, "erased");
        await engine.AddEndpointAsync("http://127.0.0.1:1/kept");
        var release = new TaskCompletionSource();
        var arrived = new TaskCompletionSource();
        engine.Receiver.Answer = async (request, _) =>
        {
            if (request.Body == "late")
            {
                arrived.TrySetResult();
                await release.Task;
            }
            return ScriptedHandler.Status(200);
        };
        await engine.PublishedAsync("late", r => r with { Application = application.Uid! });
        await arrived.Task;

        var task = await engine.Get<Erasures>().BeginAsync("erased", default);
        (await engine.Get<ApplicationRegistry>().FindAsync("erased", default)).ShouldBeNull();
        await engine.PublishManyAsync(20, "kept");
        await engine.UntilAsync(async () => (await FindAsync(engine, task)).Done == 21);
        // An attempt that was in flight ends when its message is gone.
        release.SetResult();
        await engine.UntilAsync(() => Task.FromResult(engine.Outcomes.Count(outcome => endpoints.Contains(outcome.Endpoint.Id)) == 21));
        var ended = await EndOfAsync(engine, task);

        (ended.Status, ended.Done, ended.Total).ShouldBe((BackgroundTaskStatus.Finished, 21, 21));
        engine.Receiver.Bodies().Count(body => body.StartsWith("kept")).ShouldBe(20);
        await AssertErasedAsync(engine, application, endpoints);
    }

    [Fact]
    public async Task An_erasure_goes_on_after_a_restart_and_deletes_the_application_where_nobody_got_to_it()
    {
        await using var engine = await EngineHarness.StartAsync(delivery => delivery.RetrySchedule = [3600 * Second]);
        var (application, endpoints) = await LiveAsync(engine, "erased", 1_000);
        var now = engine.Time.GetUtcNow();
        var task = new BackgroundTask
        {
            Id = engine.Get<IdGenerator>().Next<BackgroundTask>(), Kind = BackgroundTaskKinds.Erase, ApplicationId = application.Id, Arguments = "{}", Payload = Array.Empty<byte>(),
            CreatedAt = now, UpdatedAt = now,
        };
        // As if the process had ended between noting the task and deleting.
        await engine.Get<IBackgroundTaskStore>().AddAsync(task, default);
        engine.Get<TaskRunner>().Wake();
        await engine.UntilAsync(async () => (await FindAsync(engine, task)).Done > 0);

        await engine.RestartAsync();
        (await EndOfAsync(engine, task)).Done.ShouldBe(1_000);

        await AssertErasedAsync(engine, application, endpoints);
    }

    [Fact]
    public async Task An_application_that_was_deleted_is_erased_by_its_id_as_long_as_anything_tells_of_it()
    {
        await using var engine = await EngineHarness.StartAsync();
        var erasures = engine.Get<Erasures>();
        var (application, endpoints) = await LiveAsync(engine, "erased");
        await engine.Get<ApplicationRegistry>().DeleteAsync("erased", default);

        await Should.ThrowAsync<NotFoundException>(() => erasures.BeginAsync("erased", default));
        await Should.ThrowAsync<NotFoundException>(() => erasures.BeginAsync(engine.Get<IdGenerator>().Next<Application>().ToString(), default));
        (await Should.ThrowAsync<ConflictException>(() => erasures.BeginAsync(Application.DefaultUid, default))).Code.ShouldBe("built_in");
        var task = await erasures.BeginAsync(application.Id.ToString(), default);
        (await erasures.BeginAsync(application.Id.ToString(), default)).Id.ShouldBe(task.Id);
        // Also when nothing is left that tells of it, as long as the task goes on.
        await engine.UntilAsync(async () => ErasureCursor.Of(await FindAsync(engine, task)).IsBeforeLastPass);
        (await erasures.BeginAsync(application.Id.ToString(), default)).Id.ShouldBe(task.Id);
        (await EndOfAsync(engine, task)).Status.ShouldBe(BackgroundTaskStatus.Finished);

        await AssertErasedAsync(engine, application, endpoints);
        await Should.ThrowAsync<NotFoundException>(() => erasures.BeginAsync(application.Id.ToString(), default));
    }

    [Fact]
    public async Task Erasures_that_wait_for_their_last_pass_hold_up_no_other_task()
    {
        await using var engine = await EngineHarness.StartAsync();
        var tasks = new List<BackgroundTask>();
        for (var i = 0; i <= 2 * TaskRunner.SideBySide; i++)
        {
            await LiveAsync(engine, $"erased{i}", messages: 1);
            var task = await engine.Get<Erasures>().BeginAsync($"erased{i}", default);
            // The clock stands still, and so do all that came this far.
            await engine.UntilAsync(async () => ErasureCursor.Of(await FindAsync(engine, task)).IsBeforeLastPass);
            tasks.Add(task);
        }

        foreach (var task in tasks)
            (await EndOfAsync(engine, task)).Status.ShouldBe(BackgroundTaskStatus.Finished);
    }

    private static async Task<(Application Application, Id<Endpoint>[] Endpoints)> LiveAsync(EngineHarness engine, string uid, int messages = 20)
    {
        var application = await engine.Get<ApplicationRegistry>().CreateAsync(new ApplicationInput { Name = "Erased", Uid = uid });
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/", application: uid);
        await engine.PublishManyAsync(messages, application: uid);
        await engine.QuietAsync();
        return (application, [endpoint.Id]);
    }

    private static async Task AssertErasedAsync(EngineHarness engine, Application application, Id<Endpoint>[] endpoints)
    {
        var left = await engine.Get<AuditLog>().ListAsync(new AuditFilter(ApplicationId: application.Id), new PageRequest(), default);
        left.Items.ShouldAllBe(entry => entry.Action == AuditActions.ApplicationErased);
        foreach (var id in endpoints.Select(endpoint => endpoint.ToBytes()).Append(application.Id.ToBytes()))
            (await TablesWithAsync(engine, Convert.ToHexString(id))).Except(["audit_log"]).ShouldBeEmpty();
    }

    private static Task<List<string>> TablesWithAsync(EngineHarness engine, string hex) => ((SqliteStore)engine.Get<IStore>()).Readers.RunAsync(session =>
    {
        List<string> Texts(string sql) => [.. SqliteHistoryStore.ReadAll(session.Prepare(sql), row => row.Text(0))];
        return Texts("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'").FindAll(table =>
            Texts($"SELECT name FROM pragma_table_info('{table}')").Exists(column => session.Prepare($"SELECT 1 FROM \"{table}\" WHERE instr(hex(\"{column}\"), '{hex}') > 0").RunExists()));
    }, default);

    private static async Task<BackgroundTask> FindAsync(EngineHarness engine, BackgroundTask task) => (await engine.Get<IBackgroundTaskStore>().FindAsync(task.Id, default))!;

    private static async Task<BackgroundTask> EndOfAsync(EngineHarness engine, BackgroundTask task)
    {
        await engine.UntilAsync(async () =>
        {
            engine.Time.Advance(Second);
            return (await FindAsync(engine, task)).Status != BackgroundTaskStatus.Running;
        });
        return await FindAsync(engine, task);
    }
}
