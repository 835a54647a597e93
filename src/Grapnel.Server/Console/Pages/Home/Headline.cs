using Grapnel.Reporting;
using Grapnel.Server.Console.Shared;

namespace Grapnel.Server.Console.Pages.Home;

/// <summary>Whether everything is fine, in a sentence.</summary>
/// <param name="Kind">What it means.</param>
/// <param name="Word">The same in a word.</param>
/// <param name="Endpoints">How the endpoints are.</param>
/// <param name="Waiting">How long the oldest message has waited, when that is worth a word; null otherwise.</param>
internal sealed record Headline(StateKind Kind, string Word, string Endpoints, string? Waiting)
{
    // A retry or two is everyday life.
    private static readonly TimeSpan WorthAWord = TimeSpan.FromMinutes(1);

    /// <summary>All of it.</summary>
    public string Sentence => Waiting is null ? Endpoints : $"{Endpoints}; {Waiting}";

    /// <summary>Judges the installation.</summary>
    /// <param name="figures">How it is doing.</param>
    /// <param name="disabled">Endpoints that the engine disabled.</param>
    public static Headline Of(LiveFigures figures, int disabled)
    {
        var waiting = figures.OldestPendingAt is { } oldest && figures.At - oldest >= WorthAWord ? $"oldest message waiting {Words.Span(figures.At - oldest)}" : null;
        return figures.Endpoints switch
        {
            { Total: 0 } => new(StateKind.Neutral, "Ready", "There is no webhook yet", null),
            { InTrouble: > 0 and var failing } => new(StateKind.Bad, "Needs attention", $"{Words.Count(failing, "endpoint is", "endpoints are")} failing", waiting),
            _ when disabled > 0 => new(StateKind.Bad, "Needs attention", $"{Words.Count(disabled, "endpoint was", "endpoints were")} disabled by Grapnel", waiting),
            var counts => new(waiting is null ? StateKind.Good : StateKind.Waiting, waiting is null ? "Healthy" : "Waiting", Healthy(counts), waiting),
        };
    }

    private static string Healthy(Storage.EndpointCounts counts) => counts switch
    {
        { Total: 1, Healthy: 1 } => "Your endpoint is healthy",
        _ when counts.Healthy == counts.Total => $"All {Words.Number(counts.Total)} endpoints are healthy",
        _ => string.Join(", ", Parts(counts)),
    };

    private static IEnumerable<string> Parts(Storage.EndpointCounts counts)
    {
        yield return $"{Words.Count(counts.Healthy, "endpoint is", "endpoints are")} healthy";
        if (counts.Paused > 0)
            yield return $"{Words.Number(counts.Paused)} {(counts.Paused == 1 ? "takes" : "take")} a pause";
        if (counts.Disabled > 0)
            yield return $"{Words.Number(counts.Disabled)} {(counts.Disabled == 1 ? "is" : "are")} disabled";
    }
}
