namespace Grapnel.Server.Commands.Demo;

/// <summary>The data folder of a demo: one that the person named and keeps, or a fresh one that is removed at the end.</summary>
internal sealed class DemoFolder : IDisposable
{
    private readonly bool _temporary;

    public DemoFolder(string? kept)
    {
        _temporary = kept is null;
        Path = kept ?? Directory.CreateTempSubdirectory("grapnel-demo-").FullName;
    }

    public string Path { get; }

    public void Dispose()
    {
        if (_temporary)
            Directory.Delete(Path, recursive: true);
    }
}
