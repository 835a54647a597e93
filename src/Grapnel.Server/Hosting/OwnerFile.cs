namespace Grapnel.Server.Hosting;

/// <summary>Files with secrets in them: for their owner to read, and for nobody else. On Windows the rights of the folder hold.</summary>
internal static class OwnerFile
{
    /// <summary>Opens one to write to it. One that is there already, where the mode lets it be, keeps the rights that it has.</summary>
    public static FileStream Open(string path, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(path, options);
    }
}
