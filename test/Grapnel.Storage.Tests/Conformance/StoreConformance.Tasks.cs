namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    private static readonly byte[] FirstCursor = [1];
    private static readonly byte[] SecondCursor = [2];

    [Fact]
    public async Task A_task_is_found_as_it_was_added_and_lists_leave_its_payload_out()
    {
        var task = NewTask() with { EndpointId = NewLane(), Payload = "{}"u8.ToArray(), Total = 7 };
        await Tasks.AddAsync(task, default);

        var found = (await Tasks.FindAsync(task.Id, default))!;
        found.Payload!.Value.ToArray().ShouldBe(task.Payload!.Value.ToArray());
        (found with { Payload = null }).ShouldBe(task with { Payload = null });
        (await Tasks.ListAsync(new BackgroundTaskFilter(), new PageRequest(), default)).Items.ShouldBe([task with { Payload = null }]);
        (await Tasks.FindAsync(Ids.Next<BackgroundTask>(), default)).ShouldBeNull();
    }

    [Fact]
    public async Task Tasks_are_paged_in_both_orders_and_both_directions()
    {
        var ids = new List<string>();
        while (ids.Count < 10)
            ids.Add((await AddTaskAsync()).Id.ToString());
        await HoldListToItsContractAsync(ids, page => Tasks.ListAsync(new BackgroundTaskFilter(), page, default), row => row.Id.ToString());
    }

    [Fact]
    public async Task Tasks_are_listed_by_state_kind_and_application()
    {
        var (mine, all) = (await AddTaskAsync(), await AddTaskAsync(NewTask() with { Kind = BackgroundTaskKinds.Broadcast, ApplicationId = null }));
        var other = await AddTaskAsync(NewTask() with { ApplicationId = Ids.Next<Application>() });
        await Tasks.CancelAsync(other.Id, default);

        (await ListedAsync(new BackgroundTaskFilter([BackgroundTaskStatus.Running]))).ShouldBe([mine.Id, all.Id]);
        (await ListedAsync(new BackgroundTaskFilter([BackgroundTaskStatus.Failed, BackgroundTaskStatus.Cancelled]))).ShouldBe([other.Id]);
        (await ListedAsync(new BackgroundTaskFilter(Kind: BackgroundTaskKinds.Recover))).ShouldBe([mine.Id, other.Id]);
        (await ListedAsync(new BackgroundTaskFilter(ApplicationId: Tenant))).ShouldBe([mine.Id]);
    }

    [Fact]
    public async Task A_running_task_has_one_worker_at_most_and_the_oldest_is_taken_first()
    {
        var tasks = new[] { await AddTaskAsync(), await AddTaskAsync(), await AddTaskAsync() };
        var other = await Deliveries.JoinAsync("second", NodeRoles.All, default);

        (await TakenAsync(_node, 2)).ShouldBe([tasks[0].Id, tasks[1].Id]);
        (await TakenAsync(other)).ShouldBe([tasks[2].Id]);
        (await TakenAsync(_node)).ShouldBeEmpty();
        (await Tasks.AdvanceAsync(new TaskStep(tasks[2], _node, FirstCursor), default)).ShouldBeFalse("another node works on it");
    }

    [Fact]
    public async Task Nodes_that_take_tasks_at_once_share_none_and_leave_none()
    {
        for (var i = 0; i < 20; i++)
            await AddTaskAsync();
        var nodes = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => Deliveries.JoinAsync($"node {i}", NodeRoles.All, default)));

        var taken = await Task.WhenAll(nodes.Select(node => Tasks.TakeAsync(node, 20, default)));

        taken.SelectMany(tasks => tasks).Select(task => task.Id).ShouldBeUnique();
        taken.Sum(tasks => tasks.Count).ShouldBe(20);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_tasks_of_a_node_that_is_gone_are_free_at_once_and_its_late_steps_change_nothing(bool expelled)
    {
        var task = await AddTaskAsync();
        await TakenAsync(_node);
        Clock.Advance(Limit + TimeSpan.FromSeconds(1));
        var other = await Deliveries.JoinAsync("second", NodeRoles.All, default);

        if (expelled)
            await Deliveries.ExpelAsync(other, Limit, default);
        else
            await Deliveries.LeaveAsync(_node, default);

        (await TakenAsync(_node)).ShouldBeEmpty("it is no member any more");
        (await Tasks.AdvanceAsync(new TaskStep(task, _node, FirstCursor), default)).ShouldBeFalse();
        (await TakenAsync(other)).ShouldBe([task.Id]);
        (await Tasks.AdvanceAsync(new TaskStep(task, _node, FirstCursor), default)).ShouldBeFalse();
        (await Tasks.AdvanceAsync(new TaskStep(task, other, FirstCursor), default)).ShouldBeTrue();
    }

    [Fact]
    public async Task After_a_restart_the_tasks_are_free_and_as_far_as_they_were()
    {
        var task = await AddTaskAsync();
        await TakenAsync(_node);
        await Tasks.AdvanceAsync(new TaskStep(task, _node, FirstCursor, Scanned: 5, Done: 3), default);

        await _store.ReopenAsync();

        _node = await Deliveries.JoinAsync("next", NodeRoles.All, default);
        // Where others may go on living, a node that vanished is given up by its silence.
        Clock.Advance(Limit + TimeSpan.FromSeconds(1));
        (await Deliveries.ExpelAsync(_node, Limit, default)).Count.ShouldBe(Deliveries.IsShared ? 1 : 0);
        var taken = (await Tasks.TakeAsync(_node, 10, default)).Single();
        (taken.Id, taken.Scanned, taken.Done).ShouldBe((task.Id, 5, 3));
        taken.Cursor!.Value.ToArray().ShouldBe(FirstCursor);
    }

    [Fact]
    public async Task A_step_is_taken_once_however_often_it_is_tried()
    {
        var task = await AddTaskAsync();
        await TakenAsync(_node);
        var step = new TaskStep(task, _node, FirstCursor, Scanned: 2, Done: 1);

        (await Tasks.AdvanceAsync(step, default)).ShouldBeTrue();
        (await Tasks.AdvanceAsync(step, default)).ShouldBeFalse();

        (await Tasks.FindAsync(task.Id, default))!.Done.ShouldBe(1);
        var next = step with { Task = step.Result(Start), Cursor = SecondCursor };
        (await Tasks.AdvanceAsync(next, default)).ShouldBeTrue();
        (await Tasks.FindAsync(task.Id, default))!.Scanned.ShouldBe(4);
    }

    [Fact]
    public async Task A_task_that_ended_stays_as_it_is_and_keeps_no_payload()
    {
        var task = await AddTaskAsync(NewTask() with { Payload = "{}"u8.ToArray() });
        await TakenAsync(_node);
        Clock.Advance(TimeSpan.FromMinutes(1));

        (await Tasks.AdvanceAsync(new TaskStep(task, _node, null, Status: BackgroundTaskStatus.Failed, Error: "Because."), default)).ShouldBeTrue();

        var failed = (await Tasks.FindAsync(task.Id, default))!;
        (failed.Status, failed.Error, failed.Payload, failed.UpdatedAt).ShouldBe((BackgroundTaskStatus.Failed, "Because.", null, Start.AddMinutes(1)));
        (await Tasks.CancelAsync(task.Id, default)).ShouldBeNull();
        (await Tasks.AdvanceAsync(new TaskStep(task, _node, FirstCursor), default)).ShouldBeFalse();
        (await TakenAsync(_node)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_cancelled_task_takes_no_further_step()
    {
        var task = await AddTaskAsync();
        await TakenAsync(_node);

        (await Tasks.CancelAsync(task.Id, default))!.Status.ShouldBe(BackgroundTaskStatus.Cancelled);

        (await Tasks.AdvanceAsync(new TaskStep(task, _node, FirstCursor), default)).ShouldBeFalse();
        (await Tasks.FindAsync(task.Id, default))!.Status.ShouldBe(BackgroundTaskStatus.Cancelled);
        (await Tasks.CancelAsync(task.Id, default)).ShouldBeNull();
    }

    [Fact]
    public async Task Tasks_that_ended_are_forgotten_with_the_history_of_their_time_and_running_ones_are_not()
    {
        var (running, ended) = (await AddTaskAsync(), await AddTaskAsync());
        await Tasks.CancelAsync(ended.Id, default);
        Clock.Advance(TimeSpan.FromDays(1));
        var young = await AddTaskAsync();
        await Tasks.CancelAsync(young.Id, default);

        await PruneAsync(Start.AddHours(12));

        (await ListedAsync(new BackgroundTaskFilter())).ShouldBe([running.Id, young.Id]);
    }

    [Fact]
    public async Task However_many_tasks_have_ended_all_of_them_are_forgotten()
    {
        for (var i = 0; i < 5; i++)
            await Tasks.CancelAsync((await AddTaskAsync()).Id, default);
        Clock.Advance(TimeSpan.FromDays(1));

        (await PruneAsync(Clock.GetUtcNow(), limit: 2)).ShouldBe(3);

        (await ListedAsync(new BackgroundTaskFilter())).ShouldBeEmpty();
    }

    private BackgroundTask NewTask() => new()
    {
        Id = Ids.Next<BackgroundTask>(), Kind = BackgroundTaskKinds.Recover, ApplicationId = Tenant, Arguments = """{"a":1}""",
        CreatedAt = Clock.GetUtcNow(), UpdatedAt = Clock.GetUtcNow(),
    };

    private async Task<BackgroundTask> AddTaskAsync(BackgroundTask? task = null)
    {
        await Tasks.AddAsync(task ??= NewTask(), default);
        return task;
    }

    private async Task<IEnumerable<Id<BackgroundTask>>> TakenAsync(Id<Node> node, int limit = 10) =>
        (await Tasks.TakeAsync(node, limit, default)).Select(task => task.Id);

    private async Task<IEnumerable<Id<BackgroundTask>>> ListedAsync(BackgroundTaskFilter filter) =>
        (await Tasks.ListAsync(filter, new PageRequest(), default)).Items.Select(task => task.Id);
}
