using System.Reflection;
using Grapnel.Storage;

namespace Grapnel.Tests.Housekeeping;

/// <summary>The part of a catalog that keeps schedules, in memory and with faults on demand. Public and open for its proxy.</summary>
public class ScheduleShelf : DispatchProxy
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Id<Schedule>, Schedule> _schedules = [];

    /// <summary>The shelf as the runner sees it.</summary>
    public ICatalogStore Store => (ICatalogStore)(object)this;

    /// <summary>How many times advancing a schedule fails from now on.</summary>
    public int AdvanceFaults { get; set; }

    /// <summary>How many times reading fails from now on.</summary>
    public int ReadFaults { get; set; }

    public static ScheduleShelf With(params Schedule[] schedules)
    {
        var shelf = (ScheduleShelf)(object)Create<ICatalogStore, ScheduleShelf>();
        foreach (var schedule in schedules)
            shelf.Put(schedule);
        return shelf;
    }

    public void Put(Schedule schedule)
    {
        lock (_lock)
            _schedules[schedule.Id] = schedule;
    }

    public DateTimeOffset NextAt(Schedule schedule)
    {
        lock (_lock)
            return _schedules[schedule.Id].NextAt;
    }

    protected override object? Invoke(MethodInfo? method, object?[]? args)
    {
        lock (_lock)
            return method!.Name switch
            {
                nameof(ICatalogStore.ReadDueSchedulesAsync) => ReadDue((DateTimeOffset)args![0]!, (int)args[1]!),
                nameof(ICatalogStore.NextScheduleAtAsync) => Task.FromResult(_schedules.Values.Min(s => (DateTimeOffset?)s.NextAt)),
                nameof(ICatalogStore.AdvanceScheduleAsync) => Advance((Id<Schedule>)args![0]!, (DateTimeOffset)args[1]!, (DateTimeOffset)args[2]!),
                var name => throw new NotSupportedException(name),
            };
    }

    private Task<IReadOnlyList<Schedule>> ReadDue(DateTimeOffset now, int limit) => ReadFaults-- > 0
        ? Task.FromException<IReadOnlyList<Schedule>>(new StoreUnavailableException("away"))
        : Task.FromResult<IReadOnlyList<Schedule>>([.. _schedules.Values.Where(s => s.NextAt <= now).OrderBy(s => s.NextAt).Take(limit)]);

    private Task<bool> Advance(Id<Schedule> id, DateTimeOffset from, DateTimeOffset to)
    {
        if (AdvanceFaults-- > 0)
            return Task.FromException<bool>(new StoreUnavailableException("away"));
        var schedule = _schedules[id];
        var unmoved = schedule.NextAt == from;
        if (unmoved)
            _schedules[id] = schedule with { NextAt = to };
        return Task.FromResult(unmoved);
    }
}
