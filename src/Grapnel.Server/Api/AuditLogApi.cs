using Grapnel.Auditing;
using Grapnel.Registry;
using Grapnel.Server.Api.Description;
using Grapnel.Storage;

namespace Grapnel.Server.Api;

/// <summary><c>/audit-log</c>: who changed what.</summary>
internal sealed class AuditLogApi(AuditLog audit, ApplicationRegistry applications)
{
    public void Map(IEndpointRouteBuilder routes) => routes.MapGet("/audit-log", ListAsync).Describe(AuditOperations.List);

    private async Task ListAsync(HttpContext http)
    {
        var query = new QueryReader(http.Request.Query);
        var page = query.Page(descending: true, Names.IsIdOf<AuditEntry>);
        query.ThrowIfAnyFault();
        var application = query.Text("app") is { } name ? await ApplicationAsync(name, http.RequestAborted) : (Id<Application>?)null;
        var list = await audit.ListAsync(new AuditFilter(query.Text("actor"), query.Text("subject"), application), page, http.RequestAborted);
        await http.AnswerAsync(ListOut<AuditEntryOut>.From(list, AuditEntryOut.From, entry => entry.Id.ToString()), ApiJson.Default.ListOutAuditEntryOut);
    }

    // An id may be that of an application which is gone: what was done to it is still known.
    private async Task<Id<Application>> ApplicationAsync(string idOrUid, CancellationToken cancellationToken) =>
        Id<Application>.TryParse(idOrUid, out var id) ? id : (await applications.GetAsync(idOrUid, cancellationToken)).Id;
}

/// <summary>Something that was done.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Timestamp">When it was done.</param>
/// <param name="Actor">Who did it: <c>key:</c> with id and name, <c>token:</c> with id, <c>user:</c> with name, <c>command line</c>, or <c>grapnel</c> itself.</param>
/// <param name="Action">What was done, for example <c>endpoint.updated</c>.</param>
/// <param name="Subject">The id, or name, of what it was done to.</param>
/// <param name="ApplicationId">The application that it belongs to; null for what belongs to none.</param>
/// <param name="Changes">By field: <c>from</c> and <c>to</c>, or <c>changed</c> where the value is not shown; null when there is nothing to tell.</param>
internal sealed record AuditEntryOut(
    string Id, DateTime Timestamp, string Actor, string Action, string Subject, string? ApplicationId, RawJson? Changes)
{
    public static AuditEntryOut From(AuditEntry entry) => new(
        entry.Id.ToString(), entry.Id.Timestamp.ToApiTime(), entry.Actor, entry.Action, entry.Subject, entry.ApplicationId?.ToString(),
        entry.Changes is { } changes ? new RawJson(changes) : null);
}
