using System.Text;
using Grapnel.Dispatching;
using Grapnel.Registry;
using Grapnel.Server.Api.Description;
using Grapnel.Server.Auth;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Grapnel.Server.Api;

/// <summary>
/// <c>/app/{app}/tail</c>: attempts as they become durable, as server-sent events (HTML Standard, 9.2): <c>attempt</c>, and <c>dropped</c> with a
/// count when the reader was too slow. A comment every 15 s keeps the connection open. Ends with the connection or the server, and before anything is
/// told to a caller who would no longer be let in.
/// </summary>
internal sealed class TailApi(
    ApplicationRegistry applications, EndpointRegistry endpoints, Dispatcher dispatcher, StandingAccess access, IHostApplicationLifetime lifetime,
    TimeProvider time)
{
    /// <summary>Of one application: otherwise a single reader of it could shut out all others.</summary>
    public const int MaxListenersOfOne = 25;

    private const int MaxListeners = 100;
    private const int Success = 0;
    private const int Fail = 2;
    private static readonly TimeSpan CommentPeriod = TimeSpan.FromSeconds(15);
    private readonly Dictionary<Id<Application>, int> _listeners = [];

    public void Map(IEndpointRouteBuilder routes) => routes.MapGet("/app/{app}/tail", TailAsync).Describe(StateOperations.Tail);

    private async Task TailAsync(HttpContext http)
    {
        var filter = await ReadFilterAsync(http);
        Enter(filter.Application);
        try
        {
            using var tail = new AttemptTail(dispatcher, filter);
            await SendAsync(http, tail);
        }
        finally
        {
            Leave(filter.Application);
        }
    }

    private void Enter(Id<Application> application)
    {
        lock (_listeners)
        {
            var ofOne = _listeners.GetValueOrDefault(application);
            if (ofOne >= MaxListenersOfOne)
                throw new LimitReachedException($"This application has {MaxListenersOfOne} listeners already, which is as many as it may have.");
            if (_listeners.Values.Sum() >= MaxListeners)
                throw new LimitReachedException($"There are {MaxListeners} listeners already, which is as many as there may be.");
            _listeners[application] = ofOne + 1;
        }
    }

    private void Leave(Id<Application> application)
    {
        lock (_listeners)
        {
            if (--_listeners[application] == 0)
                _listeners.Remove(application);
        }
    }

    private async Task<TailFilter> ReadFilterAsync(HttpContext http)
    {
        var query = new QueryReader(http.Request.Query);
        var status = query.Number("status");
        if (status is not (null or Success or Fail))
            query.Fail("status", "must be 0 (success) or 2 (fail)");
        query.ThrowIfAnyFault();
        var application = (await applications.GetAsync(http.Part("app"), http.RequestAborted)).Id;
        var endpoint = query.Text("endpoint_id") is { } name ? await endpoints.GetAsync(application, name, http.RequestAborted) : null;
        return new TailFilter(
            application, endpoint?.Id, status is null ? null : status == Success, query.Texts("event_types"), query.Text("channel"), query.Text("tag"));
    }

    private async Task SendAsync(HttpContext http, AttemptTail tail)
    {
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-cache";
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        // A slow reader loses events and is told so; it need not lose its connection.
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        using var timer = new PeriodicTimer(CommentPeriod, time);
        try
        {
            await http.Response.StartAsync(stop.Token);
            await WriteAsync(http, ": connected\n\n", stop.Token);
            await RelayAsync(http, tail, timer, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    private async Task RelayAsync(HttpContext http, AttemptTail tail, PeriodicTimer timer, CancellationToken cancellationToken)
    {
        var (arrival, tick) = (tail.Attempts.WaitToReadAsync(cancellationToken).AsTask(), timer.WaitForNextTickAsync(cancellationToken).AsTask());
        while (true)
        {
            var next = await Task.WhenAny(arrival, tick);
            if (!await access.HoldsAsync(http, cancellationToken))
                return;
            if (next == arrival)
            {
                await arrival;
                await WriteNextAsync(http, tail, cancellationToken);
                arrival = tail.Attempts.WaitToReadAsync(cancellationToken).AsTask();
                continue;
            }
            await tick;
            await WriteAsync(http, ": still here\n\n", cancellationToken);
            tick = timer.WaitForNextTickAsync(cancellationToken).AsTask();
        }
    }

    // One at a time: where more arrives than is read, a loop over what is there would not end, and nobody would hear what was dropped.
    private static async Task WriteNextAsync(HttpContext http, AttemptTail tail, CancellationToken cancellationToken)
    {
        if (tail.Attempts.TryRead(out var arrived))
        {
            var attempt = AttemptOut.From(arrived.Attempt, withContent: true) with { Msg = MessageJson.Embed(arrived.Message, withContent: false) };
            var json = Encoding.UTF8.GetString(JsonReply.Render(attempt, ApiJson.Default.AttemptOut));
            await WriteAsync(http, $"event: attempt\nid: {attempt.Id}\ndata: {json}\n\n", cancellationToken);
        }
        if (tail.TakeDropped() is var dropped and > 0)
            await WriteAsync(http, $"event: dropped\ndata: {dropped}\n\n", cancellationToken);
    }

    private static async Task WriteAsync(HttpContext http, string text, CancellationToken cancellationToken)
    {
        await http.Response.WriteAsync(text, cancellationToken);
        await http.Response.Body.FlushAsync(cancellationToken);
    }
}
