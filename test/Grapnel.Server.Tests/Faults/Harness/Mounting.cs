using System.Diagnostics;

namespace Grapnel.Server.Tests.Faults.Harness;

/// <summary>Mounts file systems of the tests' own. Needs the right to; without it the test is skipped.</summary>
internal static class Mounting
{
    /// <summary>The folder that it is mounted at, a new one.</summary>
    public static async Task<string> MountAsync(params string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("grapnel-disk-").FullName;
        if (await RunAsync("mount", [.. arguments, folder]))
            return folder;
        Directory.Delete(folder);
        Assert.Skip("Mounting a file system is not permitted here.");
        return folder;
    }

    /// <summary>Unmounts it, and removes its folder.</summary>
    public static async Task UnmountAsync(string folder)
    {
        (await RunAsync("umount", "--lazy", folder)).ShouldBeTrue();
        Directory.Delete(folder);
    }

    /// <summary>Whether a program did what it was to do.</summary>
    public static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }
}
