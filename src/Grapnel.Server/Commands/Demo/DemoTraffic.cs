using System.Text.Json;
using Grapnel.Server.Commands.Client;
using Grapnel.Server.Commands.Samples;

namespace Grapnel.Server.Commands.Demo;

/// <summary>A shop on a quiet day: triggers random events at random intervals, through the API like any program would.</summary>
internal sealed class DemoTraffic(ApiClient client, TimeProvider time, Random random)
{
    private const int MinPauseMs = 800;
    private const int MaxPauseMs = 3500;

    /// <summary>Raised before each event, with the time, the event type and the data as JSON.</summary>
    public event Action<DateTimeOffset, string, string>? Triggering;

    /// <summary>Triggers events until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            var sample = SampleEvents.All[random.Next(SampleEvents.All.Count)];
            var envelope = sample.NewEnvelope(random, time.GetUtcNow());
            Triggering?.Invoke(time.GetUtcNow(), sample.Name, envelope["data"]!.ToJsonString());
            await TriggerCommand.TriggerAsync(client, sample.Name, JsonSerializer.SerializeToUtf8Bytes(envelope), cancel);
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(MinPauseMs, MaxPauseMs)), time, cancel);
        }
    }
}
