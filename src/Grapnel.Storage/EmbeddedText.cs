namespace Grapnel.Storage;

/// <summary>The scripts that are embedded in this assembly: those that migrations run, and those that Redis runs.</summary>
internal static class EmbeddedText
{
    public static string Read(string name)
    {
        using var stream = typeof(EmbeddedText).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The script {name} is not embedded.");
        return new StreamReader(stream).ReadToEnd();
    }
}
