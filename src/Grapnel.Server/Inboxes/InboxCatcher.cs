using Grapnel.Server.Api;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.AspNetCore.WebUtilities;

namespace Grapnel.Server.Inboxes;

/// <summary>
/// Any method on <c>/inbox/{id}</c> and below: keeps the request, and then answers as the inbox is set. Needs no key, as a receiver has none
/// to show: the id in the URL is as hard to guess as 79 random bits. No answer repeats anything of the request.
/// </summary>
internal sealed class InboxCatcher(InboxRegistry inboxes, InboxDoors doors, InboxOptions options, IdGenerator ids, IHostApplicationLifetime lifetime, TimeProvider time)
{
    /// <summary>How long reading a body may take: 10 s. Whoever is slower keeps the memory that others wait for.</summary>
    public static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(10);

    private const string MessageIdHeader = "webhook-id";

    public void Map(IEndpointRouteBuilder routes) =>
        routes.Map(InboxAddress.Path + "{id}/{**rest}", CatchAsync).AllowAnonymous().Idempotent(IdempotencyMode.Harmless);

    private async Task CatchAsync(HttpContext http)
    {
        // When the answer starts, because errors wipe what was set before.
        http.Response.OnStarting(ForbidSniffing, http.Response);
        var inbox = await FindAsync(http) ?? throw InboxRegistry.Unknown();
        var door = doors.Of(inbox.Id);
        if (!door.TryEnter())
        {
            http.Response.Headers.RetryAfter = "1";
            await AnswerAsync(http.Response, StatusCodes.Status429TooManyRequests);
            return;
        }
        try
        {
            var status = await KeepAsync(http, inbox, door);
            await WaitAsync(inbox.AnswerDelay, http.RequestAborted);
            await AnswerAsync(http.Response, status);
        }
        finally
        {
            door.Leave();
        }
    }

    private async Task<Inbox?> FindAsync(HttpContext http) =>
        options.Enabled && Id<Inbox>.TryParse(http.Part("id"), out var id) ? await inboxes.FindAsync(id, http.RequestAborted) : null;

    /// <summary>Reads and stores the request; returns the status that it is to be answered with.</summary>
    private async Task<int> KeepAsync(HttpContext http, Inbox inbox, InboxDoor door)
    {
        var id = ids.Next<InboxRequest>();
        // The limit below holds for the whole body, however it trickles in.
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        using var limit = new CancellationTokenSource(ReadLimit, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, http.RequestAborted);
        var holds = false;
        try
        {
            await door.Bodies.WaitAsync(ending.Token);
            holds = true;
            var body = await CutBody.ReadAsync(http.Request.BodyReader, options.MaxBodyBytes, ending.Token);
            return await StoreAsync(http.Request, inbox, id, body);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            http.Response.Headers.Connection = "close";
            return StatusCodes.Status408RequestTimeout;
        }
        finally
        {
            if (holds)
                door.Bodies.Release();
        }
    }

    private async Task<int> StoreAsync(HttpRequest request, Inbox inbox, Id<InboxRequest> id, CutBody body)
    {
        var messageId = request.Headers[MessageIdHeader] is [{ Length: > 0 } given] ? given : null;
        // Counted with what the inbox still has; without an id there is nothing to count by.
        var fails = inbox.FailFirst > 0 && messageId is not null
            && await inboxes.CountAsync(inbox.Id, messageId, CancellationToken.None) < inbox.FailFirst;
        var status = fails ? StatusCodes.Status500InternalServerError : inbox.AnswerStatus;
        await inboxes.KeepAsync(new InboxRequest
        {
            Id = id,
            InboxId = inbox.Id,
            Method = request.Method,
            Target = request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
            Headers = [.. request.Headers.SelectMany(header => header.Value.SelectMany(value => new[] { header.Key, value ?? "" }))],
            Body = body.Bytes,
            BodyLength = body.Length,
            MessageId = messageId,
            AnsweredStatus = status,
        });
        return status;
    }

    /// <summary>Waits out the delay, unless the caller goes or the server stops.</summary>
    private async Task WaitAsync(TimeSpan delay, CancellationToken aborted)
    {
        if (delay == TimeSpan.Zero)
            return;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(aborted, lifetime.ApplicationStopping);
        await Task.Delay(delay, time, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static Task AnswerAsync(HttpResponse response, int status)
    {
        response.StatusCode = status;
        if (status is StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified)
            return Task.CompletedTask;
        response.ContentType = "text/plain";
        return response.WriteAsync($"{status} {ReasonPhrases.GetReasonPhrase(status)}\n");
    }

    private static Task ForbidSniffing(object response)
    {
        ((HttpResponse)response).Headers.XContentTypeOptions = "nosniff";
        return Task.CompletedTask;
    }
}

internal static class InboxServices
{
    public static IServiceCollection AddInboxes(this IServiceCollection services) => services
        .AddSingleton<InboxAddress>().AddSingleton<InboxDoors>().AddSingleton<InboxRegistry>().AddSingleton<InboxCatcher>();
}
