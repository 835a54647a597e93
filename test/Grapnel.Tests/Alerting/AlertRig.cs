using System.Collections.Concurrent;
using System.Text.Json;
using Grapnel.Alerting;
using Grapnel.Registry;
using Grapnel.Storage;
using Grapnel.Tests.Engine;
using Microsoft.Extensions.DependencyInjection;

namespace Grapnel.Tests.Alerting;

/// <summary>An engine whose alerts go to a mailbox of the test and to an endpoint of the operator.</summary>
internal sealed class AlertRig : IAsyncDisposable
{
    /// <summary>After which time what goes on is told again.</summary>
    public static readonly TimeSpan RepeatAfter = TimeSpan.FromHours(1);

    private const string Operator = "http://127.0.0.1:2/operator";

    private readonly Mailbox _mailbox = new();
    private readonly CountedAlerts _looks = new();

    private AlertRig() { }

    public EngineHarness Engine { get; private set; } = null!;

    public Mailbox Mailbox => _mailbox;

    public static async Task<AlertRig> StartAsync(Action<IServiceCollection>? services = null)
    {
        var rig = new AlertRig();
        rig.Engine = await EngineHarness.StartAsync(services: all =>
        {
            all.AddSingleton<IAlertMail>(rig._mailbox);
            all.AddSingleton<IAlertStore>(provider => rig._looks.Over(provider.GetRequiredService<IStore>().Alerts));
            // Sooner than by default: whatever runs every few seconds makes days long, also where they are turned at once.
            all.Configure<AlertOptions>(alerts => (alerts.EndpointFailingFor, alerts.RepeatAfter) = (TimeSpan.FromMinutes(10), RepeatAfter));
            services?.Invoke(all);
        });
        await rig.Engine.Get<ApplicationRegistry>().EnsureBuiltInAsync(default);
        await rig.Engine.AddEndpointAsync(Operator, input => input with { EventTypes = [.. AlertKinds.All.Select(AlertKinds.EventType)] }, Application.OperationalUid);
        return rig;
    }

    /// <summary>The operational events that arrived: type, status and text.</summary>
    public IReadOnlyList<(string Type, string Status, string Text)> Events =>
        [.. from body in Engine.Receiver.Bodies(Operator) let json = JsonDocument.Parse(body).RootElement let data = json.GetProperty("data")
            select (json.GetProperty("type").GetString()!, data.GetProperty("status").GetString()!, data.GetProperty("text").GetString()!)];

    /// <summary>Turns the clock, and waits until alerts were looked for since, and mails.</summary>
    public async Task TurnAsync(TimeSpan? by = null)
    {
        // What is under way would seem to have waited for so long.
        await Engine.QuietAsync();
        var (looks, mails) = (_looks.Ended, _looks.Mails);
        Engine.Time.Advance(by ?? Alerts.Period);
        await Engine.UntilAsync(() => Task.FromResult(_looks.Ended > looks && _looks.Mails > mails));
    }

    /// <summary>Turns the clock by minutes until it is so.</summary>
    public async Task UntilAsync(Func<bool> isSo)
    {
        for (var i = 0; i < 30 && !isSo(); i++)
        {
            await TurnAsync(2 * Alerts.Period);
            // What a turn begins ends by itself.
            await Engine.QuietAsync();
        }
        isSo().ShouldBeTrue();
    }

    /// <summary>Turns the clock, and sees that nothing is told meanwhile.</summary>
    public async Task NothingForAsync(TimeSpan time)
    {
        var (events, mails) = (Events.Count, Mailbox.Sent.Count);
        await TurnAsync(time);
        // Mails that the first turn gave reason for go with the next ones.
        await TurnAsync();
        await TurnAsync();
        await Engine.QuietAsync();
        (Events.Count, Mailbox.Sent.Count).ShouldBe((events, mails));
    }

    public ValueTask DisposeAsync() => Engine.DisposeAsync();

    /// <summary>Counts how often somebody has read the alerts a second time, which ends a look.</summary>
    private sealed class CountedAlerts : IAlertStore
    {
        private IAlertStore _inner = null!;
        private int _reads;
        private int _mails;

        /// <summary>How often somebody has asked for what is to be mailed.</summary>
        public int Mails => Volatile.Read(ref _mails);

        public int Ended => Volatile.Read(ref _reads) / 2;

        public CountedAlerts Over(IAlertStore inner)
        {
            // Whatever a look that was cut off by a stop left behind.
            (_inner, _reads) = (inner, _reads / 2 * 2);
            return this;
        }

        public async Task<IReadOnlyList<Alert>> ReadAsync(CancellationToken cancellationToken)
        {
            var alerts = await _inner.ReadAsync(cancellationToken);
            Interlocked.Increment(ref _reads);
            return alerts;
        }

        public Task<bool> RaiseAsync(Alert alert, TimeSpan? repeatAfter, bool mail, CancellationToken cancellationToken) => _inner.RaiseAsync(alert, repeatAfter, mail, cancellationToken);

        public Task<bool> EndAsync(Alert alert, DateTimeOffset at, bool mail, CancellationToken cancellationToken) => _inner.EndAsync(alert, at, mail, cancellationToken);

        public Task SeenAsync(IReadOnlyList<string> keys, DateTimeOffset at, CancellationToken cancellationToken) => _inner.SeenAsync(keys, at, cancellationToken);

        public async Task<IReadOnlyList<Alert>> TakeMailAsync(DateTimeOffset now, DateTimeOffset until, int limit, CancellationToken cancellationToken)
        {
            var alerts = await _inner.TakeMailAsync(now, until, limit, cancellationToken);
            Interlocked.Increment(ref _mails);
            return alerts;
        }

        public Task MailedAsync(Alert alert, CancellationToken cancellationToken) => _inner.MailedAsync(alert, cancellationToken);

        public Task<DateTimeOffset?> FindOldestWaitingAsync(CancellationToken cancellationToken) => _inner.FindOldestWaitingAsync(cancellationToken);

        public Task<IReadOnlyList<AilingEndpoint>> ReadFailingAsync(DateTimeOffset until, AilingEndpoint? after, int limit, CancellationToken cancellationToken) =>
            _inner.ReadFailingAsync(until, after, limit, cancellationToken);

        public Task<IReadOnlyList<AilingEndpoint>> ReadDisabledAsync(AilingEndpoint? after, int limit, CancellationToken cancellationToken) =>
            _inner.ReadDisabledAsync(after, limit, cancellationToken);
    }
}

/// <summary>Takes mails, unless it is full.</summary>
internal sealed class Mailbox : IAlertMail
{
    private readonly ConcurrentQueue<string> _sent = new();
    private int _refused;

    public bool IsOn => true;

    public bool IsFull { get; set; }

    /// <summary>The subjects of the mails that came.</summary>
    public IReadOnlyList<string> Sent => [.. _sent];

    public int Refused => Volatile.Read(ref _refused);

    public Task SendAsync(IReadOnlyList<Alert> alerts, CancellationToken cancellationToken)
    {
        if (IsFull)
        {
            Interlocked.Increment(ref _refused);
            throw new IOException("The mailbox is full.");
        }
        _sent.Enqueue(AlertText.Subject(alerts));
        return Task.CompletedTask;
    }
}
