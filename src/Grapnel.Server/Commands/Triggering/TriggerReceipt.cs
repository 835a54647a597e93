namespace Grapnel.Server.Commands.Triggering;

/// <summary>The answer to <c>POST /trigger/{event}</c>.</summary>
/// <param name="Id">The id of the message.</param>
/// <param name="Endpoints">Every endpoint of the application, and whether it is owed the message.</param>
internal sealed record TriggerReceipt(string Id, IReadOnlyList<TriggerReceipt.Route>? Endpoints)
{
    /// <summary>What routing decided for one endpoint.</summary>
    /// <param name="Id">The endpoint.</param>
    /// <param name="Url">Where it is.</param>
    /// <param name="Owed">Whether a delivery to it was stored.</param>
    /// <param name="Reason">Why, or why not.</param>
    internal sealed record Route(string Id, string? Url, bool Owed, string? Reason);
}
