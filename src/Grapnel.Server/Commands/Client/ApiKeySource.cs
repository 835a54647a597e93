namespace Grapnel.Server.Commands.Client;

/// <summary>Where a command finds the API key: the option, the environment, or the file that a first start leaves in the data folder.</summary>
internal static class ApiKeySource
{
    public const string EnvironmentVariable = "GRAPNEL_API_KEY";

    /// <summary>Told wherever a key is missing or refused.</summary>
    public const string Help =
        $"Give a key with --key or {EnvironmentVariable}. The first one is in the file first-api-key of the server's data folder; if all are lost, 'grapnel admin create-key' makes one in the folder of the stopped server.";

    public static readonly string DefaultFile = Path.Combine("grapnel-data", "first-api-key");

    /// <summary>The key, or null when there is none.</summary>
    public static string? Find(string? option) => NullIfBlank(option) ?? NullIfBlank(Environment.GetEnvironmentVariable(EnvironmentVariable)) ?? Read(DefaultFile);

    private static string? Read(string file)
    {
        try
        {
            return NullIfBlank(File.ReadAllText(file));
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? NullIfBlank(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
