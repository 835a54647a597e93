using System.Diagnostics;

namespace Grapnel.Server.Tests.Faults.Harness;

/// <summary>Signals to processes of the tests' own.</summary>
internal static class Signal
{
    /// <summary>Sends a signal; a process that has gone meanwhile is no error.</summary>
    /// <param name="name">As <c>kill</c> knows it: TERM, STOP, CONT.</param>
    /// <param name="processes">Their ids.</param>
    public static async Task SendAsync(string name, params IEnumerable<int> processes)
    {
        using var kill = Process.Start(new ProcessStartInfo("kill", [$"-{name}", .. processes.Select(id => $"{id}")]) { RedirectStandardError = true })!;
        await kill.WaitForExitAsync();
    }
}
