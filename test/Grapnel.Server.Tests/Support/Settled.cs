using Grapnel.Dispatching;

namespace Grapnel.Server.Tests.Support;

/// <summary>Waits for attempts to become durable: armed when made, so that none is missed.</summary>
internal sealed class Settled : IDisposable
{
    private readonly Dispatcher _dispatcher;
    private readonly SemaphoreSlim _arrived = new(0);
    private readonly Id<Application> _application;

    public Settled(TestServer server, string application)
    {
        _dispatcher = server.Get<Dispatcher>();
        Id<Application>.TryParse(application.Split('/')[^1], out _application).ShouldBeTrue();
        _dispatcher.Outcomes += Note;
    }

    public async Task NextAsync() =>
        (await _arrived.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBeTrue("no attempt became durable");

    public void Dispose() => _dispatcher.Outcomes -= Note;

    private void Note(SettledAttempt settled)
    {
        if (settled.Endpoint.ApplicationId == _application)
            _arrived.Release();
    }
}
