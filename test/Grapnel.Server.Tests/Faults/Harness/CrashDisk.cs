namespace Grapnel.Server.Tests.Faults.Harness;

/// <summary>
/// A real file system (ext4) in a file, whose power can be cut: what was not synced is in the kernel's memory and not yet in that file, so a copy of the file is what a
/// disk would have had when the power went.
/// </summary>
internal sealed class CrashDisk : IAsyncDisposable
{
    private const int Megabytes = 256;
    private readonly string _image;

    private CrashDisk(string image, string folder) => (_image, Folder) = (image, folder);

    public string Folder { get; }

    public static async Task<CrashDisk> MountAsync()
    {
        var image = Path.Combine(Directory.CreateTempSubdirectory("grapnel-power-").FullName, "disk");
        await using (var file = File.Create(image))
            file.SetLength(Megabytes << 20);
        (await Mounting.RunAsync("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", image)).ShouldBeTrue();
        return await MountAsync(image);
    }

    /// <summary>The disk as it is after a power cut. Whoever writes to it must stand still meanwhile.</summary>
    public async Task<CrashDisk> CutPowerAsync()
    {
        var image = Path.Combine(Directory.CreateTempSubdirectory("grapnel-power-").FullName, "disk");
        File.Copy(_image, image);
        return await MountAsync(image);
    }

    public async ValueTask DisposeAsync()
    {
        await Mounting.UnmountAsync(Folder);
        Directory.Delete(Path.GetDirectoryName(_image)!, recursive: true);
    }

    // The kernel writes by itself what has been waiting for long, which a power cut does not wait for: here it does so only when it is told to sync.
    private static async Task<CrashDisk> MountAsync(string image) => new(image, await Mounting.MountAsync("-o", "loop,commit=600", image));
}
