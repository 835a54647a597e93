using System.Text.Json;
using Grapnel.Publishing;
using Grapnel.Registry;
using Grapnel.Server.Api.Description;
using Grapnel.Server.Auth;
using Grapnel.Storage;
using Microsoft.Extensions.Options;

namespace Grapnel.Server.Api;

/// <summary><c>/app/{app}/msg</c>: publishing messages, and reading them.</summary>
internal sealed class MessagesApi(
    Publisher publisher, ApplicationRegistry applications, PathSubjects subjects, IHistoryStore history, IOptions<PublishingOptions> options)
{
    private static readonly Action<Utf8JsonWriter, PublishResult> WriteWithContent =
        (writer, result) => MessageJson.Write(writer, result, withContent: true);

    private static readonly Action<Utf8JsonWriter, PublishResult> WriteWithoutContent =
        (writer, result) => MessageJson.Write(writer, result, withContent: false);

    private readonly int _maxPayload = options.Value.MaxPayloadBytes;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/app/{app}/msg", CreateAsync).Idempotent(IdempotencyMode.Own).Describe(MessageOperations.Create);
        routes.MapGet("/app/{app}/msg", ListAsync).Describe(MessageOperations.List);
        routes.MapGet("/app/{app}/msg/{msg}", GetAsync).Describe(MessageOperations.Get);
    }

    private async Task CreateAsync(HttpContext http)
    {
        var bytes = await RequestBytes.ReadAsync(http.Request, BodyLimits.Message(_maxPayload), CancellationToken.None);
        var application = http.Part("app");
        var write = WithContent(http) ? WriteWithContent : WriteWithoutContent;
        var body = MessageBody.Read(bytes);
        var request = ToRequest(application, body, Idempotency.Read(http, bytes, write));
        var missing = body.Application is { } json ? MessageApplication.Read(json, application) : null;
        var result = await publisher.PublishAsync(request, CancellationToken.None);
        if (result.Status == PublishStatus.UnknownApplication && missing is not null)
        {
            await MessageApplication.CreateAsync(applications, missing, http.Caller().Actor);
            result = await publisher.PublishAsync(request, CancellationToken.None);
        }
        await (result.Status switch
        {
            PublishStatus.Accepted when result.Response is null => JsonReply.WriteAsync(http, StatusCodes.Status202Accepted, result, write),
            PublishStatus.Accepted or PublishStatus.Repeated => JsonReply.WriteAsync(http, StatusCodes.Status202Accepted, result.Response),
            _ => PublishReply.RefuseAsync(http, result, request, _maxPayload, "payload"),
        });
    }

    private async Task ListAsync(HttpContext http)
    {
        var query = new QueryReader(http.Request.Query);
        var page = query.Page(descending: true, Names.IsIdOf<Message>) with { Descending = true };
        var filter = ReadFilter(query);
        query.ThrowIfAnyFault();
        var application = await applications.GetAsync(http.Part("app"), http.RequestAborted);
        var messages = await history.ListMessagesAsync(application.Id, filter, page, http.RequestAborted);
        await JsonReply.WriteAsync(http, StatusCodes.Status200OK, messages,
            (writer, list) => MessageJson.WritePage(writer, list, filter.WithPayload));
    }

    /// <summary>What lists of messages have in common.</summary>
    public static MessageFilter ReadFilter(QueryReader query) => new(
        query.Time("before"), query.Time("after"), query.Text("channel"), query.Texts("event_types"), query.Text("tag"),
        query.Flag("with_content", otherwise: true));

    private async Task GetAsync(HttpContext http)
    {
        var message = await subjects.MessageAsync(http);
        var withContent = WithContent(http);
        await JsonReply.WriteAsync(http, StatusCodes.Status200OK, message, (writer, found) => MessageJson.Write(writer, found, withContent));
    }

    /// <summary>What a body without errors asks for.</summary>
    public static PublishRequest ToRequest(string application, in MessageBody body, IdempotencyRequest? idempotency) => new()
    {
        Application = application,
        EventType = body.EventType!,
        Payload = body.RawPayload ?? body.Payload!.Value,
        ContentType = body.RawPayload is null ? JsonReply.MediaType : body.RawContentType ?? JsonReply.MediaType,
        EventId = body.EventId,
        Channels = body.Channels,
        Tags = body.Tags,
        DeliverAt = body.DeliverAt,
        PayloadRetention = body.Retention,
        Idempotency = idempotency,
    };

    private static bool WithContent(HttpContext http)
    {
        if (!http.Request.QueryString.HasValue)
            return true;
        var query = new QueryReader(http.Request.Query);
        var withContent = query.Flag("with_content", otherwise: true);
        query.ThrowIfAnyFault();
        return withContent;
    }
}
