namespace Grapnel.Server.Commands.Client;

/// <summary>The answer to <c>POST /trigger/{event}</c>.</summary>
/// <param name="Id">The id of the message.</param>
/// <param name="Endpoints">Every endpoint of the application, and what routing decided about it.</param>
internal sealed record TriggerReceipt(string Id, IReadOnlyList<TriggerReceipt.Route>? Endpoints)
{
    /// <summary>What routing decided for one endpoint.</summary>
    /// <param name="Id">The endpoint.</param>
    /// <param name="Url">Where it is.</param>
    /// <param name="Owed">Whether a delivery to it was stored.</param>
    /// <param name="Why">The reason, as a sentence.</param>
    internal sealed record Route(string Id, string? Url, bool Owed, string? Why)
    {
        public string Place => Url ?? Id;
    }
}
