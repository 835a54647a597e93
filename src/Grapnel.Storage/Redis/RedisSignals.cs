using System.Threading.Channels;
using StackExchange.Redis;

namespace Grapnel.Storage.Redis;

/// <summary>
/// Signals over publish and subscribe. Whether this node can be given up at once is still for the store to know, where nodes are: so it counts as
/// connected while both are.
/// </summary>
internal sealed class RedisSignals : INodeSignals, IAsyncDisposable
{
    private const int MaxWaiting = 100_000;
    private const int MaxBundle = 1_000;

    private readonly RedisLink _redis;
    private readonly INodeSignals _store;
    private readonly string _self = Guid.NewGuid().ToString("N");
    private readonly RedisChannel _channel;
    private readonly Channel<NodeSignal> _outgoing = System.Threading.Channels.Channel.CreateBounded<NodeSignal>(
        new BoundedChannelOptions(MaxWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest });
    private readonly Task _sending;

    public RedisSignals(RedisLink redis, INodeSignals store)
    {
        (_redis, _store, _channel) = (redis, store, RedisChannel.Literal(redis.SignalChannel));
        store.Lost += () => Lost?.Invoke();
        store.Interrupted += () => Interrupted?.Invoke();
        // What another version of the program sends over the database, while nodes are replaced one by one, is heard, too.
        store.Received += signal => Received?.Invoke(signal);
        redis.Connection.ConnectionRestored += (_, restored) =>
        {
            if (restored.ConnectionType == ConnectionType.Subscription)
                Interrupted?.Invoke();
        };
        // Subscribed for good: the connection does so again by itself whenever it is made anew.
        redis.Connection.GetSubscriber().Subscribe(_channel, (_, payload) => Receive(payload!), CommandFlags.FireAndForget);
        _sending = Task.Run(SendAsync);
    }

    public event Action<NodeSignal>? Received;

    public event Action? Lost;

    public event Action? Interrupted;

    public bool IsConnected => _store.IsConnected;

    public void Send(NodeSignal signal) => _outgoing.Writer.TryWrite(signal);

    public async ValueTask DisposeAsync()
    {
        _outgoing.Writer.TryComplete();
        await _sending.ConfigureAwait(false);
    }

    private void Receive(string payload)
    {
        var words = payload.Split(' ');
        if (words[0] == _self)
            return;
        foreach (var word in words.AsSpan(1))
            if (NodeSignal.TryParse(word, out var signal))
                Received?.Invoke(signal);
    }

    private async Task SendAsync()
    {
        var bundle = new HashSet<NodeSignal>();
        while (await _outgoing.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            bundle.Clear();
            while (bundle.Count < MaxBundle && _outgoing.Reader.TryRead(out var signal))
                bundle.Add(signal);
            try
            {
                await _redis.Connection.GetSubscriber().PublishAsync(_channel, $"{_self} {string.Join(' ', bundle)}").ConfigureAwait(false);
            }
            catch (Exception error) when (RedisErrors.IsAway(error))
            {
                // While Redis is away, what matters of them goes over the store.
                foreach (var signal in bundle.Where(signal => signal.Kind >= SignalKind.EndpointChanged))
                    _store.Send(signal);
            }
        }
    }
}
