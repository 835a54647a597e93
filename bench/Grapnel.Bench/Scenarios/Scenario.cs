using Grapnel.Bench.Reporting;

namespace Grapnel.Bench.Scenarios;

/// <summary>One question, and how it is measured.</summary>
/// <param name="Name">The word on the command line.</param>
/// <param name="Question">What the figures answer.</param>
/// <param name="RunAsync">Measures.</param>
internal sealed record Scenario(string Name, string Question, Func<Workbench, CancellationToken, Task<IReadOnlyList<Figure>>> RunAsync)
{
    public string Title => $"{Name}: {Question}";

    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("raw", "what the platform's HTTP client can do at most", RawScenario.RunAsync),
        new("pipeline", "published, durable, delivered, settled, against that ceiling", PipelineScenario.RunAsync),
        new("idempotency", "the pipeline when every publish has an idempotency key", IdempotencyScenario.RunAsync),
        new("batch", "messages accepted one by one, and a hundred at a time", BatchScenario.RunAsync),
        new("latency", "from trigger to receiver under a light, steady load", LatencyScenario.RunAsync),
        new("fan-out", "one event to ten endpoints", FanOutScenario.RunAsync),
        new("neighbour", "99 healthy endpoints beside one that hangs", NeighbourScenario.RunAsync),
        new("flood", "ten applications beside one that publishes fifty times its share", FloodScenario.RunAsync),
        new("replay", "live traffic beside a replay of all that an endpoint ever got", ReplayScenario.RunAsync),
        new("retention", "live traffic beside a sweep over a long history, and whether its room is used again", RetentionScenario.RunAsync),
        new("backlog", "a mountain of pending deliveries for a dead endpoint", BacklogScenario.RunAsync),
        new("nodes", "one, two and four nodes on one database, and receivers that take 50 ms", NodesScenario.RunAsync),
        new("lists", "lists over a long history, whatever the filter", ListsScenario.RunAsync),
        new("console", "the first page, and what an open one costs", ConsoleScenario.RunAsync),
        new("start", "cold start and idling", StartScenario.RunAsync),
        new("fairness", "thousands of endpoints, one in a hundred of them hanging", FairnessScenario.RunAsync),
        new("pieces", "the small parts by themselves", PiecesScenario.RunAsync),
    ];
}
