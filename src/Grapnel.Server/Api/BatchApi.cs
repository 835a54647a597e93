using Grapnel.Publishing;
using Grapnel.Server.Api.Description;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace Grapnel.Server.Api;

/// <summary>
/// <c>/app/{app}/msg/batch</c>: many messages in one request. A list of them is stored in one transaction; a stream of lines
/// (<c>application/x-ndjson</c>) may be as long as it likes and is stored as it comes in.
/// </summary>
internal sealed class BatchApi(Publisher publisher, IHostApplicationLifetime lifetime, IOptions<PublishingOptions> options)
{
    public const int MaxMessages = 1_000;
    private const string LinesMediaType = "application/x-ndjson";

    private readonly PublishingOptions _options = options.Value;

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/app/{app}/msg/batch", PublishAsync).Idempotent(IdempotencyMode.Own).Describe(MessageOperations.Batch);

    private Task PublishAsync(HttpContext http)
    {
        var isStream = http.Request.ContentType?.StartsWith(LinesMediaType, StringComparison.OrdinalIgnoreCase) == true;
        // More than a batch may have, so that a sender who is somewhat over the limit gets to the end of sending and sees the answer.
        http.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize = isStream ? null : 4L * _options.MaxBatchBytes;
        return isStream
            ? new LineStream(http, publisher, _options.MaxPayloadBytes, lifetime.ApplicationStopping).RunAsync()
            : PublishListAsync(http);
    }

    private async Task PublishListAsync(HttpContext http)
    {
        var application = http.Part("app");
        var bytes = await RequestBytes.ReadAsync(http.Request, _options.MaxBatchBytes, CancellationToken.None);
        var messages = MessageBody.ReadMany(bytes, MaxMessages, body => BatchMessage.From(application, body));
        var reply = new BatchReply(application, messages, _options.MaxPayloadBytes);
        var result = await publisher.PublishAsync(
            application, [.. messages.Select(message => message.Request)], Idempotency.ReadBatch(http, bytes, reply.Pack), CancellationToken.None);
        await (result.Status switch
        {
            PublishStatus.Accepted => JsonReply.WriteAsync(http, BatchReply.StatusOf(result.Results), result.Results, reply.Write),
            PublishStatus.Repeated => StoredReply.WriteAsync(http, result.StoredResponse),
            _ => PublishReply.RefuseAsync(http, new PublishResult(result.Status), application, eventType: "", _options.MaxPayloadBytes),
        });
    }
}

/// <summary>A message of a batch as it was read: what it asks for, or what is wrong with it.</summary>
internal sealed record BatchMessage(PublishRequest? Request, IReadOnlyList<FieldError>? Errors)
{
    public static BatchMessage From(string application, MessageBody body, IdempotencyRequest? idempotency = null)
    {
        if (body.Errors is { } errors)
            return new BatchMessage(null, errors);
        var request = MessagesApi.ToRequest(application, body, idempotency);
        // A copy of its own: a slice would keep the whole batch in memory for as long as its last message waits to be delivered.
        return new BatchMessage(request with { Payload = request.Payload.ToArray() }, null);
    }
}
