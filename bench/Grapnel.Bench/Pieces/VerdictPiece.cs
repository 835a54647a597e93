using BenchmarkDotNet.Attributes;
using Grapnel.Dispatching;
using Grapnel.Sending;

namespace Grapnel.Bench.Pieces;

/// <summary>The decision after an attempt, over a mix of results, so that the processor cannot foresee them all.</summary>
public class VerdictPiece
{
    private const int Mix = 16;
    private readonly DeliveryOptions _options = new();
    private readonly SendResult[] _results = [.. Enumerable.Range(0, Mix).Select(n => (n % 4) switch
    {
        0 => new SendResult(SendOutcome.Refused, 500, TimeSpan.FromMilliseconds(3)),
        1 => new SendResult(SendOutcome.Throttled, 429, TimeSpan.FromMilliseconds(3), RetryAfter: TimeSpan.FromSeconds(30)),
        _ => new SendResult(SendOutcome.Success, 200, TimeSpan.FromMilliseconds(3)),
    })];

    [Benchmark(Description = "Judge an attempt", OperationsPerInvoke = Mix)]
    public long Judge()
    {
        var sum = 0L;
        foreach (ref readonly var result in _results.AsSpan())
        {
            var verdict = Verdict.Of(result, Trigger.Scheduled, 3, DeliveryOptions.DefaultRetrySchedule, _options, 0.5);
            sum += (long)verdict.Kind + verdict.DelayMs;
        }
        return sum;
    }
}
