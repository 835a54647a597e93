using System.Collections.Concurrent;
using System.Text;
using Grapnel.Dispatching;
using Grapnel.Publishing;
using Grapnel.Registry;
using Grapnel.Sending;
using Grapnel.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Grapnel.Tests.Engine;

/// <summary>The whole engine over a real SQLite store, with a clock that tests turn and a receiver that they script.</summary>
internal sealed class EngineHarness : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Action<DeliveryOptions> _configure;
    private readonly Action<IServiceCollection>? _services;
    private ServiceProvider _provider = null!;

    private EngineHarness(Action<DeliveryOptions>? configure, Action<IServiceCollection>? services)
    {
        Wall = new JumpingTime(Time);
        _configure = configure ?? (_ => { });
        _services = services;
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("grapnel-test-").FullName;

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    /// <summary>What the engine sees of <see cref="Time"/>.</summary>
    public JumpingTime Wall { get; }

    public ScriptedHandler Receiver { get; } = new();

    public ConcurrentQueue<SettledAttempt> Outcomes { get; } = new();

    public T Get<T>() where T : notnull => _provider.GetRequiredService<T>();

    public Dispatcher Dispatcher => Get<Dispatcher>();

    public static async Task<EngineHarness> StartAsync(
        Action<DeliveryOptions>? configure = null, Action<IServiceCollection>? services = null)
    {
        var harness = new EngineHarness(configure, services);
        await harness.BootAsync();
        await harness.Get<EventTypeRegistry>().CreateAsync(new EventTypeInput { Name = "order.created", Description = "" }, default);
        return harness;
    }

    public async Task BootAsync()
    {
        var services = new ServiceCollection();
        services.AddLogging().AddMetrics();
        services.AddSingleton<TimeProvider>(Wall).AddSingleton<Random>(new LockedRandom(1));
        services.AddOptions<DeliveryOptions>().Configure(_configure);
        services.AddOptions<PublishingOptions>();
        services.AddOptions<NodeOptions>();
        services.AddOptions<RetentionOptions>();
        services.AddOptions<NetworkOptions>().Configure(o => o.AllowNet.Add(System.Net.IPNetwork.Parse("127.0.0.0/8")));
        services.AddGrapnelSqlite(o => o.Data = Folder);
        services.AddGrapnelEngine();
        services.AddSingleton(s => new WebhookSender((_, _) => new Undisposed(Receiver), s.GetRequiredService<IOptions<DeliveryOptions>>().Value, Wall));
        _services?.Invoke(services);
        _provider = services.BuildServiceProvider();
        Dispatcher.Outcomes += Outcomes.Enqueue;
        foreach (var hosted in _provider.GetServices<IHostedService>())
            await hosted.StartAsync(default);
    }

    public async Task StopAsync()
    {
        foreach (var hosted in _provider.GetServices<IHostedService>().Reverse())
            await hosted.StopAsync(default);
        await _provider.DisposeAsync();
    }

    /// <summary>Stops in order and starts again on the same data.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await BootAsync();
    }

    /// <summary>Ends with the endpoint after the engine or a person changed it next.</summary>
    public Task<Endpoint> WhenChanged(Id<Endpoint> id)
    {
        var changed = new TaskCompletionSource<Endpoint>(TaskCreationOptions.RunContinuationsAsynchronously);
        Get<CatalogEvents>().EndpointChanged += e => { if (e.Id == id) changed.TrySetResult(e); };
        return changed.Task.WaitAsync(Patience);
    }

    /// <summary>Ends when so many attempts of the kind have been settled.</summary>
    public Task WhenOutcomes(int count, Func<SettledAttempt, bool> match)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Dispatcher.Outcomes += o => { if (match(o) && Interlocked.Decrement(ref count) == 0) reached.TrySetResult(); };
        return reached.Task.WaitAsync(Patience);
    }

    /// <summary>Asks again until the answer is yes: for work that the engine does on its own time and announces to nobody.</summary>
    public async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    public Task<Application> DefaultApplicationAsync() => Get<ApplicationRegistry>().GetAsync(Application.DefaultUid, default);

    public async Task<Endpoint> AddEndpointAsync(
        string url, Func<EndpointInput, EndpointInput>? change = null, string application = Application.DefaultUid)
    {
        var input = new EndpointInput { Url = url };
        var owner = await Get<ApplicationRegistry>().GetAsync(application, default);
        return await Get<EndpointRegistry>().CreateAsync(owner.Id, change?.Invoke(input) ?? input, default);
    }

    public Task<Endpoint> EditAsync(Endpoint endpoint, Func<EndpointInput, EndpointInput> change) =>
        Get<EndpointRegistry>().EditAsync(endpoint.ApplicationId, endpoint.Id.ToString(), change, default);

    public async Task<PublishResult> PublishAsync(string body = "{}", Func<PublishRequest, PublishRequest>? change = null)
    {
        var request = new PublishRequest { Application = Application.DefaultUid, EventType = "order.created", Payload = Encoding.UTF8.GetBytes(body) };
        return await Get<Publisher>().PublishAsync(change?.Invoke(request) ?? request, default);
    }

    public async Task<Message> PublishedAsync(string body = "{}", Func<PublishRequest, PublishRequest>? change = null)
    {
        var result = await PublishAsync(body, change);
        result.Status.ShouldBe(PublishStatus.Accepted);
        return result.Message!;
    }

    public async Task PublishManyAsync(int count, string prefix = "", string application = Application.DefaultUid) =>
        await Task.WhenAll(Enumerable.Range(0, count).Select(n => PublishedAsync(prefix + n, r => r with { Application = application })));

    /// <summary>Waits until all that is left waits for its time.</summary>
    public Task QuietAsync() => Dispatcher.WhenQuietAsync().WaitAsync(Patience);

    /// <summary>Turns the clock in steps, letting the engine come to rest after each.</summary>
    public async Task AdvanceAsync(TimeSpan by, TimeSpan? step = null)
    {
        await QuietAsync();
        var left = by;
        var each = step ?? by;
        while (left > TimeSpan.Zero)
        {
            Time.Advance(left < each ? left : each);
            left -= each;
            await QuietAsync();
        }
    }

    public async Task<IReadOnlyList<Attempt>> AttemptsAsync(Message message)
    {
        var page = await Get<IHistoryStore>().ListAttemptsAsync(
            message.ApplicationId, new AttemptFilter(MessageId: message.Id), new PageRequest(250), default);
        return [.. page.Items.Reverse()];
    }

    public async Task<DeliveryState> StateAsync(Message message, Endpoint endpoint) =>
        (await Get<IHistoryStore>().ReadDeliveriesAsync(message, default)).Single(s => s.EndpointId == endpoint.Id);

    public async Task<long> PendingAsync() => (await Get<IHistoryStore>().ReadBacklogAsync(default)).Pending;

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private sealed class LockedRandom(int seed) : Random
    {
        private readonly Random _inner = new(seed);

        public override double NextDouble()
        {
            lock (_inner)
                return _inner.NextDouble();
        }
    }

    /// <summary>Lets one scripted receiver outlive the restarts of the engine.</summary>
    private sealed class Undisposed(ScriptedHandler inner) : DelegatingHandler(inner)
    {
        protected override void Dispose(bool disposing) { }
    }
}
