namespace Grapnel.Server.Api;

/// <summary>The HTTP API as a whole. Section <c>Api</c>.</summary>
internal sealed class ApiOptions
{
    /// <summary>The address that people reach this server at, for links to it. Default none: that of the request that asks for the link.</summary>
    public string? PublicUrl { get; set; }

    /// <summary>Requests per second of one API key, with bursts of twice as many. Default 0: no limit.</summary>
    public int RequestsPerSecond { get; set; }

    /// <summary>Requests per second of all tokens of one application together, with bursts of twice as many; 0 for no limit. Default 100.</summary>
    public int TokenRequestsPerSecond { get; set; } = 100;

    /// <summary>Whether people reach this server by https, as far as is known.</summary>
    public bool IsSecure => PublicUrl?.StartsWith("https:", StringComparison.OrdinalIgnoreCase) == true;
}
