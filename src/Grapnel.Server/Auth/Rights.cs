namespace Grapnel.Server.Auth;

/// <summary>What a caller may do. Each route needs one of these.</summary>
[Flags]
internal enum Rights
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Read what is not secret.</summary>
    Read = 1,

    /// <summary>Read the signing secrets of endpoints.</summary>
    ReadSecrets = 2,

    /// <summary>Rotate the signing secrets of endpoints.</summary>
    ManageSecrets = 4,

    /// <summary>Have messages sent again, or examples sent.</summary>
    CreateAttempts = 8,

    /// <summary>Change the transformations of endpoints.</summary>
    ManageTransformations = 16,

    /// <summary>Make, change and delete endpoints.</summary>
    ManageEndpoints = 32,

    /// <summary>Publish messages.</summary>
    Publish = 64,

    /// <summary>Everything else.</summary>
    Manage = 128,

    /// <summary>What an application's own people may do in a portal.</summary>
    Portal = Read | ReadSecrets | ManageSecrets | CreateAttempts | ManageTransformations | ManageEndpoints,

    /// <summary>Everything.</summary>
    All = Portal | Publish | Manage,
}

/// <summary>The names of rights outside the process: scopes of keys, and capabilities of tokens as Svix names them.</summary>
internal static class RightsNames
{
    private static readonly Dictionary<string, Rights> Capabilities = new(StringComparer.Ordinal)
    {
        ["ViewBase"] = Rights.Read,
        ["ViewEndpointSecret"] = Rights.ReadSecrets,
        ["ManageEndpointSecret"] = Rights.ReadSecrets | Rights.ManageSecrets,
        ["ManageTransformations"] = Rights.ManageTransformations,
        ["CreateAttempts"] = Rights.CreateAttempts,
        ["ManageEndpoint"] = Rights.ManageEndpoints | Rights.ReadSecrets | Rights.ManageSecrets,
    };

    /// <summary>The capabilities of a token that only reads.</summary>
    public static IReadOnlyList<string> ReadOnly { get; } = ["ViewBase"];

    /// <summary>All capabilities there are.</summary>
    public static IReadOnlyCollection<string> AllCapabilities => Capabilities.Keys;

    /// <summary>The rights of a scope.</summary>
    public static Rights Of(ApiKeyScope scope) => scope switch
    {
        ApiKeyScope.Full => Rights.All,
        ApiKeyScope.Publish => Rights.Publish,
        ApiKeyScope.Read => Rights.Read,
        _ => Rights.None,
    };

    /// <summary>The rights of capabilities; those that nobody knows give none. Reading is always among them; null stands for all.</summary>
    public static Rights Of(IReadOnlyList<string>? capabilities) => capabilities is null
        ? Rights.Portal
        : capabilities.Aggregate(Rights.Read, (rights, name) => rights | Capabilities.GetValueOrDefault(name));

    /// <summary>What one needs to have a right, in words.</summary>
    public static string Describe(Rights right) => right switch
    {
        Rights.Read => "an API key with the scope 'full' or 'read'",
        Rights.Publish => "an API key with the scope 'full' or 'publish'",
        Rights.Manage => "an API key with the scope 'full'",
        _ => $"an API key with the scope 'full', or a token with the capability '{Capabilities.First(pair => pair.Value.HasFlag(right)).Key}'",
    };
}
