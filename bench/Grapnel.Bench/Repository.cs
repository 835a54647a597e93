namespace Grapnel.Bench;

/// <summary>Places in the repository this benchmark was built from.</summary>
internal static class Repository
{
    /// <summary>The document that full runs write their results into.</summary>
    public static string Results => Path.Combine(Root, "docs", "benchmarks.md");

    /// <summary>The Release build of the server in its own place: it is started as users start it.</summary>
    public static string Server => Path.Combine(Root, "src", "Grapnel.Server", "bin", "Release", "net10.0", "grapnel");

    private static string Root { get; } = Find(new DirectoryInfo(AppContext.BaseDirectory));

    private static string Find(DirectoryInfo? folder)
    {
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Grapnel.slnx")))
            folder = folder.Parent;
        return folder?.FullName
            ?? throw new BenchException("Run it from its place in the repository: dotnet run -c Release --project bench/Grapnel.Bench");
    }
}
