using Grapnel.Registry;
using Grapnel.Server.Api.Description;
using Grapnel.Server.Auth;

namespace Grapnel.Server.Api;

/// <summary><c>/event-type</c>: event types, whose key is their name.</summary>
internal sealed class EventTypesApi(EventTypeRegistry types)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/event-type", CreateAsync).Describe(EventTypeOperations.Create);
        routes.MapGet("/event-type", ListAsync).Describe(EventTypeOperations.List);
        routes.MapGet("/event-type/{name}", GetAsync).Describe(EventTypeOperations.Get);
        routes.MapPut("/event-type/{name}", PutAsync).Describe(EventTypeOperations.Put);
        routes.MapPatch("/event-type/{name}", PatchAsync).Describe(EventTypeOperations.Patch);
        routes.MapDelete("/event-type/{name}", DeleteAsync).Describe(EventTypeOperations.Delete);
    }

    private async Task CreateAsync(HttpContext http)
    {
        var input = Read(await JsonBody.ReadAsync(http), new EventTypeInput());
        await AnswerAsync(http, await types.CreateAsync(input, http.RequestAborted), created: true);
    }

    private async Task ListAsync(HttpContext http)
    {
        var query = new QueryReader(http.Request.Query);
        // The order of this list is by name, whatever is asked for, and its iterators are names.
        var page = query.Page(descending: false, InputCheck.IsKey) with { Descending = false };
        var includeArchived = query.Flag("include_archived", otherwise: false);
        var withContent = query.Flag("with_content", otherwise: false);
        query.ThrowIfAnyFault();
        var list = await types.ListAsync(page, includeArchived, http.Caller().FeatureFlags, http.RequestAborted);
        await http.AnswerAsync(
            ListOut<EventTypeOut>.From(list, type => EventTypeOut.From(type, withContent), type => type.Name), ApiJson.Default.ListOutEventTypeOut);
    }

    private async Task GetAsync(HttpContext http) =>
        await AnswerAsync(http, await types.GetVisibleAsync(http.Part("name"), http.Caller().FeatureFlags, http.RequestAborted));

    private async Task PutAsync(HttpContext http)
    {
        var name = http.Part("name");
        var input = Read(await JsonBody.ReadAsync(http), new EventTypeInput()) with { Name = name };
        var saved = await types.UpsertAsync(name, input, http.RequestAborted);
        await AnswerAsync(http, saved.Value, saved.Created);
    }

    private async Task PatchAsync(HttpContext http)
    {
        var body = await JsonBody.ReadAsync(http);
        await AnswerAsync(http, await types.EditAsync(http.Part("name"), input => Read(body, input), http.RequestAborted));
    }

    private async Task DeleteAsync(HttpContext http)
    {
        var query = new QueryReader(http.Request.Query);
        var forGood = query.Flag("expunge", otherwise: false);
        query.ThrowIfAnyFault();
        var name = http.Part("name");
        await (forGood ? types.DeleteAsync(name, http.RequestAborted) : types.ArchiveAsync(name, http.RequestAborted));
        http.AnswerNoContent();
    }

    private static Task AnswerAsync(HttpContext http, EventType type, bool created = false) =>
        http.AnswerSavedAsync(EventTypeOut.From(type, withSchemas: true), ApiJson.Default.EventTypeOut, created);

    private static EventTypeInput Read(JsonBody body, EventTypeInput was)
    {
        var input = was with
        {
            Name = body.Text(was.Name, "name"),
            Description = body.Text(was.Description, "description"),
            Archived = body.Flag(was.Archived, "archived"),
            Deprecated = body.Flag(was.Deprecated, "deprecated"),
            Schemas = body.Raw(was.Schemas, "schemas"),
            Validation = body.Choice(was.Validation, "schemaValidation"),
            FeatureFlags = ReadFlags(body, was.FeatureFlags),
            GroupName = body.Text(was.GroupName, "groupName"),
        };
        body.ThrowIfAnyFault();
        return input;
    }

    /// <summary>Older clients send a single <c>featureFlag</c>, which they know as the first of what there is; it counts when <c>featureFlags</c> says nothing.</summary>
    private static IReadOnlyList<string>? ReadFlags(JsonBody body, IReadOnlyList<string>? was)
    {
        var flags = body.Texts(was, "featureFlags");
        var first = was?.FirstOrDefault();
        var flag = body.Text(first, "featureFlag");
        if (!ReferenceEquals(flags, was) || flag == first)
            return flags;
        return flag is null ? null : [flag];
    }
}
