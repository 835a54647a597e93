namespace Grapnel.Server.Api.Description;

internal static class AuditOperations
{
    public static Operation List { get; } = new("Audit Log", "list", "Tell who changed what, the newest first")
    {
        Details = "Publishing is not in it. Secrets, values of headers, payloads and schemas are never shown: of them it says only that they changed.",
        Query =
        [
            .. QueryParameter.OrderedPage("descending"),
            QueryParameter.Of<string>("actor", "Only what this one did, as `actor` has it, for example `grapnel`."),
            QueryParameter.Of<string>("subject", "Only what was done to this, as `subject` has it."),
            QueryParameter.Of<string>("app", "Only what belongs to this application, by id or uid; one that was deleted by id."),
        ],
        Answers = [Answer.Ok<ListOut<AuditEntryOut>>("A page.")],
        Errors = new Dictionary<int, string> { [404] = "There is no application of that uid." },
    };
}
