using BenchmarkDotNet.Attributes;
using Grapnel.Dispatching;
using Grapnel.Sending;

namespace Grapnel.Bench.Pieces;

/// <summary>The decision after an attempt.</summary>
public class VerdictPiece
{
    private readonly DeliveryOptions _options = new();
    private readonly SendResult _success = new(SendOutcome.Success, 200, TimeSpan.FromMilliseconds(3));
    private readonly SendResult _failure = new(SendOutcome.Refused, 500, TimeSpan.FromMilliseconds(3));

    [Benchmark(Description = "Verdict on a success")]
    public long Success() => Judge(_success);

    [Benchmark(Description = "Verdict on a failure")]
    public long Failure() => Judge(_failure);

    private long Judge(in SendResult result) =>
        Verdict.Of(result, Trigger.Scheduled, 3, DeliveryOptions.DefaultRetrySchedule, _options, 0.5).DelayMs;
}
