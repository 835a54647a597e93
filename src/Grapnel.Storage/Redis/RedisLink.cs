using System.Globalization;
using StackExchange.Redis;

namespace Grapnel.Storage.Redis;

/// <summary>The way to Redis: one connection that all share, the scripts, and the keys.</summary>
internal sealed class RedisLink : IAsyncDisposable, IDisposable
{
    /// <summary>How many buckets there are: enough to spread lanes over the servers of a cluster.</summary>
    public const int Buckets = 128;

    private readonly string _prefix;

    private RedisLink(ConnectionMultiplexer connection, string prefix)
    {
        (Connection, _prefix) = (connection, prefix);
        Database = connection.GetDatabase();
        Queue = $"{prefix}:queue";
    }

    public ConnectionMultiplexer Connection { get; }

    public IDatabase Database { get; }

    /// <summary>The hash that says who has joined, and under which mark lanes are complete.</summary>
    public RedisKey Queue { get; }

    /// <summary>The channel over which nodes tell each other something.</summary>
    public string SignalChannel => $"{_prefix}:signals";

    /// <summary>Begins to connect, and waits for it a moment. Whether Redis is there shows when it is used; it may come later.</summary>
    public static async Task<RedisLink> OpenAsync(RedisQueueOptions options) =>
        new(await ConnectionMultiplexer.ConnectAsync(SettingsOf(options)).ConfigureAwait(false), options.KeyPrefix);

    /// <inheritdoc cref="OpenAsync"/>
    public static RedisLink Open(RedisQueueOptions options) => new(ConnectionMultiplexer.Connect(SettingsOf(options)), options.KeyPrefix);

    private static ConfigurationOptions SettingsOf(RedisQueueOptions options)
    {
        ConfigurationOptions settings;
        try
        {
            settings = ConfigurationOptions.Parse(options.ConnectionString);
        }
        catch (ArgumentException)
        {
            // What it says may quote the password.
            throw new StoreOpenException("The connection string of Redis cannot be read: Redis:ConnectionString.");
        }
        if (settings.EndPoints.Count == 0)
            throw new StoreOpenException("The connection string of Redis names no server: Redis:ConnectionString.");
        settings.AbortOnConnectFail = false;
        // For asking servers who they are.
        settings.AllowAdmin = true;
        // What cannot be done now is done otherwise, so nothing is to wait for a connection.
        settings.BacklogPolicy = BacklogPolicy.FailFast;
        settings.AsyncTimeout = settings.SyncTimeout = settings.ConnectTimeout = (int)options.Timeout.TotalMilliseconds;
        settings.ClientName ??= "grapnel";
        settings.HeartbeatInterval = TimeSpan.FromMilliseconds(Math.Clamp(options.Timeout.TotalMilliseconds / 2, 100, 1000));
        settings.ReconnectRetryPolicy = new LinearRetry(500);
        return settings;
    }

    /// <summary>The lanes that a node has taken: told to people, and relied on by nobody.</summary>
    public RedisKey Owned(string node) => $"{_prefix}:owned:{node}";

    /// <summary>
    /// The keys of a lane, as the scripts expect them. In braces stands what decides where on a cluster a key lives: all keys of a bucket of lanes live
    /// together.
    /// </summary>
    public RedisKey[] Keys(Id<Endpoint> lane)
    {
        var stem = $"{_prefix}:{{{BucketOf(lane)}}}:{lane}";
        return [stem, $"{stem}:fresh", $"{stem}:due", $"{stem}:places", $"{stem}:scheduled", $"{stem}:attempts"];
    }

    /// <summary>
    /// The bucket of a lane. Of a lane that is not there nobody can tell whether it is new or was lost; of a bucket, what is written in it tells.
    /// </summary>
    public static int BucketOf(Id<Endpoint> lane) => (int)(lane.Value % Buckets);

    /// <summary>Where a bucket says of which epoch it is.</summary>
    public RedisKey Epoch(int bucket) => $"{_prefix}:{{{bucket}}}:epoch";

    public Task<RedisResult> RunAsync(string script, Id<Endpoint> lane, params RedisValue[] arguments) =>
        Database.ScriptEvaluateAsync(script, Keys(lane), arguments);

    /// <summary>A place as a member of a sorted set: members of one score are in order of their text.</summary>
    public static RedisValue Place(long seq) => seq.ToString("D16", CultureInfo.InvariantCulture);

    public ValueTask DisposeAsync() => Connection.DisposeAsync();

    public void Dispose() => Connection.Dispose();
}

/// <summary>The scripts. Each touches keys of one bucket, or the one of the queue, and so runs on a cluster.</summary>
internal static class RedisScripts
{
    public static readonly string Put = EmbeddedText.Read("redis.put.lua");
    public static readonly string Remove = EmbeddedText.Read("redis.remove.lua");
    public static readonly string Take = EmbeddedText.Read("redis.take.lua");
    public static readonly string Release = EmbeddedText.Read("redis.release.lua");
    public static readonly string Doubt = EmbeddedText.Read("redis.doubt.lua");
    public static readonly string Complete = EmbeddedText.Read("redis.complete.lua");
    public static readonly string Read = EmbeddedText.Read("redis.read.lua");
    public static readonly string Ready = EmbeddedText.Read("redis.ready.lua");
    public static readonly string Begin = EmbeddedText.Read("redis.begin.lua");
    public static readonly string Forget = EmbeddedText.Read("redis.forget.lua");
}
