using Grapnel.Bench.Tools;

namespace Grapnel.Bench;

/// <summary>Places in the repository this benchmark was built from.</summary>
internal static class Repository
{
    /// <summary>The document that full runs write their results into.</summary>
    public static string Results => Path.Combine(Root, "docs", "benchmarks.md");

    /// <summary>Publishes the server as users are told to, and returns the one executable that comes of it.</summary>
    public static async Task<string> PublishServerAsync(CancellationToken cancel)
    {
        var folder = Path.Combine(Root, "artifacts", "bench");
        Console.WriteLine("Publishing the server\n");
        await ChildProcess.RunAsync("dotnet", ["publish", Path.Combine(Root, "src", "Grapnel.Server"), "-o", folder, "--nologo", "-v", "quiet"], cancel);
        return Path.Combine(folder, "grapnel");
    }

    private static string Root { get; } = Find(new DirectoryInfo(AppContext.BaseDirectory));

    private static string Find(DirectoryInfo? folder)
    {
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Grapnel.slnx")))
            folder = folder.Parent;
        return folder?.FullName
            ?? throw new BenchException("Run it from its place in the repository: dotnet run -c Release --project bench/Grapnel.Bench");
    }
}
