using System.Diagnostics;

namespace Grapnel.Server.Tests.Faults.Harness;

/// <summary>A real file system of a few megabytes, in memory. Needs the right to mount; without it the test is skipped.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private const int Megabytes = 16;

    private SmallDisk(string folder) => Folder = folder;

    public string Folder { get; }

    private string Ballast => Path.Combine(Folder, "ballast");

    public static async Task<SmallDisk> MountAsync()
    {
        var folder = Directory.CreateTempSubdirectory("grapnel-disk-").FullName;
        if (await RunAsync("mount", "-t", "tmpfs", "-o", $"size={Megabytes}m", "tmpfs", folder))
            return new SmallDisk(folder);
        Directory.Delete(folder);
        Assert.Skip("Mounting a file system is not permitted here.");
        throw new InvalidOperationException();
    }

    /// <summary>Leaves no free block.</summary>
    public void Fill()
    {
        using var ballast = new FileStream(Ballast, FileMode.Append);
        var block = new byte[4096];
        try
        {
            while (true)
            {
                ballast.Write(block);
                ballast.Flush();
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    /// <summary>Gives back what <see cref="Fill"/> took.</summary>
    public void Free() => File.Delete(Ballast);

    public async Task MakeReadOnlyAsync() => (await RunAsync("mount", "-o", "remount,ro", Folder)).ShouldBeTrue();

    public async ValueTask DisposeAsync()
    {
        (await RunAsync("umount", "--lazy", Folder)).ShouldBeTrue();
        Directory.Delete(Folder);
    }

    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }
}
