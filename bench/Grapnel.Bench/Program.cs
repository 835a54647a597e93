using Grapnel.Bench;
using Grapnel.Bench.Tools;

using var stopping = new CancellationTokenSource();
Console.CancelKeyPress += (_, signal) =>
{
    signal.Cancel = true;
    stopping.Cancel();
};
try
{
    if (args is [RawLoad.Verb, var sink, var seconds, var mode])
    {
        await RawLoad.RunChildAsync(new Uri(sink), int.Parse(seconds), Enum.Parse<RawMode>(mode), stopping.Token);
        return 0;
    }
    return await BenchCommand.RunAsync(args, stopping.Token);
}
catch (BenchException failure)
{
    Console.Error.WriteLine(failure.Message);
    return 2;
}
catch (OperationCanceledException) when (stopping.IsCancellationRequested)
{
    return 130;
}
