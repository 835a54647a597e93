namespace Grapnel.Server.Api;

/// <summary>Lets one at a time in per key. Keys that nobody is in or waits for take no memory.</summary>
internal sealed class KeyedGate
{
    private readonly Dictionary<UInt128, Door> _doors = [];

    public async Task<IDisposable> EnterAsync(UInt128 key, CancellationToken cancellationToken)
    {
        Door? door;
        lock (_doors)
        {
            if (!_doors.TryGetValue(key, out door))
                _doors.Add(key, door = new Door(this, key));
            door.Visitors++;
        }
        try
        {
            await door.Semaphore.WaitAsync(cancellationToken);
            return door;
        }
        catch
        {
            Leave(door);
            throw;
        }
    }

    private void Leave(Door door)
    {
        lock (_doors)
        {
            if (--door.Visitors == 0)
                _doors.Remove(door.Key);
        }
    }

    private sealed class Door(KeyedGate gate, UInt128 key) : IDisposable
    {
        public UInt128 Key => key;

        public SemaphoreSlim Semaphore { get; } = new(1, 1);

        public int Visitors { get; set; }

        public void Dispose()
        {
            Semaphore.Release();
            gate.Leave(this);
        }
    }
}
