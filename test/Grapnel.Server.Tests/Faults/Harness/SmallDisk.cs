namespace Grapnel.Server.Tests.Faults.Harness;

/// <summary>A real file system of a few megabytes, in memory.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private const int Megabytes = 16;

    private SmallDisk(string folder) => Folder = folder;

    public string Folder { get; }

    private string Ballast => Path.Combine(Folder, "ballast");

    public static async Task<SmallDisk> MountAsync() => new(await Mounting.MountAsync("-t", "tmpfs", "-o", $"size={Megabytes}m", "tmpfs"));

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

    public async Task MakeReadOnlyAsync() => (await Mounting.RunAsync("mount", "-o", "remount,ro", Folder)).ShouldBeTrue();

    public async ValueTask DisposeAsync() => await Mounting.UnmountAsync(Folder);
}
