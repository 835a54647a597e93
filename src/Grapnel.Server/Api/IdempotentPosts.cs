using Grapnel.Storage;
using Microsoft.AspNetCore.Http.Features;

namespace Grapnel.Server.Api;

/// <summary>How a route takes an <c>Idempotency-Key</c>.</summary>
internal enum IdempotencyMode
{
    /// <summary>The first answer, if it is a success, is given again.</summary>
    Repeats,

    /// <summary>The route sees to it: it publishes.</summary>
    Own,

    /// <summary>Nothing is remembered, because doing it again does no harm.</summary>
    Harmless,

    /// <summary>The answer holds a secret and is not kept: a repeat is told that it has been given already.</summary>
    Once,
}

/// <summary>
/// Makes the repeat of any POST with an <c>Idempotency-Key</c> harmless. Publishes remember themselves, in the transaction that stores
/// their messages; for all others the answer is stored right after the work. A crash between the two leaves no memory, and a repeat does the work
/// again. Requests with the same key wait for each other, on whichever node they are.
/// </summary>
internal sealed class IdempotentPosts(
    RequestDelegate next, IIdempotencyStore store, PublishingOptions options, TimeProvider time)
{
    private readonly KeyedGate _gate = new();

    public Task InvokeAsync(HttpContext http)
    {
        if (!HttpMethods.IsPost(http.Request.Method) || http.GetEndpoint() is not { } endpoint)
            return next(http);
        var mode = endpoint.Metadata.GetMetadata<IdempotencyModeOf>()?.Mode ?? IdempotencyMode.Repeats;
        return mode is IdempotencyMode.Repeats or IdempotencyMode.Once && Idempotency.KeyOf(http) is { } key ? RunAsync(http, key, mode) : next(http);
    }

    private async Task RunAsync(HttpContext http, UInt128 key, IdempotencyMode mode)
    {
        var body = await RequestBytes.ReadAsync(http.Request, int.MaxValue, http.RequestAborted);
        http.Request.Body = new MemoryStream(body);
        var fingerprint = Idempotency.FingerprintOf(body);
        using (await _gate.EnterAsync(key, http.RequestAborted))
        {
            await using var entered = await store.EnterAsync(key, http.RequestAborted);
            if (await store.FindAsync(key, http.RequestAborted) is { } known)
                await RepeatAsync(http, known, fingerprint, mode);
            else
                await RunAsync(http, key, fingerprint, mode);
        }
    }

    private static Task RepeatAsync(HttpContext http, IdempotencyEntry known, UInt128 fingerprint, IdempotencyMode mode)
    {
        if (known.Fingerprint != fingerprint)
            return ErrorBody.WriteAsync(http.Response, StatusCodes.Status409Conflict, "idempotency_key_reused", PublishReply.KeyReused);
        return mode == IdempotencyMode.Once
            ? ErrorBody.WriteAsync(http.Response, StatusCodes.Status409Conflict, "idempotency_key_used",
                "This was done before with the same idempotency key. The answer held a secret that is shown only once.")
            : StoredReply.WriteAsync(http, known.Response);
    }

    private async Task RunAsync(HttpContext http, UInt128 key, UInt128 fingerprint, IdempotencyMode mode)
    {
        var answer = await CaptureAsync(http);
        if (http.Response.StatusCode is >= 200 and < 300)
        {
            var kept = StoredReply.Pack(http.Response.StatusCode, mode == IdempotencyMode.Once ? [] : answer);
            // Not with the caller's token: the work is done, and a caller who hung up is the one who will ask again.
            await store.AddAsync(new IdempotencyEntry(key, fingerprint, kept, time.GetUtcNow() + options.IdempotencyWindow), CancellationToken.None);
        }
        if (answer.Length > 0)
            await http.Response.Body.WriteAsync(answer, http.RequestAborted);
    }

    /// <summary>Lets the route answer into memory.</summary>
    private async Task<byte[]> CaptureAsync(HttpContext http)
    {
        var wire = http.Features.Get<IHttpResponseBodyFeature>()!;
        using var memory = new MemoryStream();
        http.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(memory, wire));
        try
        {
            await next(http);
            // Into memory, whether the caller is still there or not: the work is done.
            await http.Response.BodyWriter.FlushAsync(CancellationToken.None);
        }
        finally
        {
            http.Features.Set(wire);
        }
        return memory.ToArray();
    }
}

/// <summary>The mode of a route, as its metadata.</summary>
internal sealed record IdempotencyModeOf(IdempotencyMode Mode);

internal static class IdempotencyModes
{
    public static TBuilder Idempotent<TBuilder>(this TBuilder route, IdempotencyMode mode) where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new IdempotencyModeOf(mode));
}
