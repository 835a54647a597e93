namespace Grapnel.Storage.Sqlite;

/// <summary>A piece of work on its way through the gate.</summary>
internal abstract class GateItem
{
    public abstract void Run(SqliteSession session);

    public abstract void Complete();

    public abstract void Fail(Exception error);
}

/// <summary>Work with a result. Whoever waits for it goes on elsewhere than on the writer's thread.</summary>
internal sealed class GateItem<T>(Func<SqliteSession, T> work) : GateItem
{
    private readonly TaskCompletionSource<T> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T _result = default!;

    public Task<T> Task => _source.Task;

    public override void Run(SqliteSession session) => _result = work(session);

    public override void Complete() => _source.TrySetResult(_result);

    public override void Fail(Exception error) => _source.TrySetException(error);
}
