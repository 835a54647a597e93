namespace Grapnel.Storage;

/// <summary>The SQL scripts that migrations run: they are embedded in this assembly.</summary>
internal static class MigrationScripts
{
    public static string Read(string name)
    {
        using var stream = typeof(MigrationScripts).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The script {name} is not embedded.");
        return new StreamReader(stream).ReadToEnd();
    }
}
