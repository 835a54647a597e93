using Grapnel.Publishing;

namespace Grapnel.Server.Commands.Client;

/// <summary>The answer to <c>POST /trigger/{event}</c>.</summary>
/// <param name="Id">The id of the message.</param>
/// <param name="Owed">The endpoints that get it.</param>
/// <param name="NotOwed">The other endpoints of the application.</param>
internal sealed record TriggerReceipt(string Id, IReadOnlyList<TriggerReceipt.Route> Owed, IReadOnlyList<TriggerReceipt.Route> NotOwed)
{
    /// <summary>What routing decided about one endpoint.</summary>
    /// <param name="EndpointId">The endpoint.</param>
    /// <param name="Url">Where it is.</param>
    /// <param name="Reason">A word for why, or why not.</param>
    internal sealed record Route(string EndpointId, string Url, string Reason)
    {
        /// <summary>The reason as a sentence; a word of a newer server stays a word.</summary>
        public string Why => Enum.GetValues<RouteReason>().Where(r => r.Word() == Reason).Select(r => r.Sentence()).FirstOrDefault(Reason);
    }
}
