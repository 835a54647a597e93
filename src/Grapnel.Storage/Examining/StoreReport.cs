using System.Text.Json;

namespace Grapnel.Storage.Examining;

/// <summary>A lane in which something has been due for long, without anybody trying to send it.</summary>
/// <param name="Endpoint">The endpoint, as the API names it.</param>
/// <param name="Node">The node that owns the lane; null when none does.</param>
public sealed record StuckLane(string Endpoint, string? Node);

/// <summary>Where an endpoint is, and whose certificates it trusts. The certificate that it shows is not among it: its key is sealed.</summary>
/// <param name="Url">The URL.</param>
/// <param name="Tls">Authorities and <see cref="EndpointTls.Insecure"/>; null where it says nothing of TLS.</param>
/// <param name="ShowsCertificate">Whether the endpoint has a certificate to show.</param>
public sealed record StoredReceiver(string Url, EndpointTls? Tls, bool ShowsCertificate)
{
    internal static StoredReceiver Of(string url, string? tls)
    {
        var stored = tls is null ? null : JsonSerializer.Deserialize<EndpointTls>(tls, JsonSerializerOptions.Default);
        return new StoredReceiver(url, stored is null ? null : stored with { ClientCertificate = null, ClientKey = null }, stored?.ClientCertificate is not null);
    }
}

/// <summary>A node on record that is not there any more.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Lanes">Lanes that it still owns.</param>
public sealed record LostNode(string Name, long Lanes);

/// <summary>What an examination of a store found. Reading it changed nothing.</summary>
public sealed record StoreReport
{
    /// <summary>The program that keeps it, with its version.</summary>
    public required string Version { get; init; }

    /// <summary>Whether it was written by an older version of Grapnel.</summary>
    public bool IsOlder { get; init; }

    /// <summary>What is damaged or missing, each in a sentence.</summary>
    public required IReadOnlyList<string> Damage { get; init; }

    /// <summary>Deliveries that are pending.</summary>
    public required long Pending { get; init; }

    /// <summary>Up to 100 lanes in which nothing moves although it could.</summary>
    public required IReadOnlyList<StuckLane> Stuck { get; init; }

    /// <summary>Nodes that are gone and were not given up.</summary>
    public IReadOnlyList<LostNode> Lost { get; init; } = [];

    /// <summary>Nodes on record.</summary>
    public required int Nodes { get; init; }

    /// <summary>The clock of the database, where it has one of its own.</summary>
    public DateTimeOffset? Clock { get; init; }

    /// <summary>When the newest message was accepted; null when there is none.</summary>
    public DateTimeOffset? Newest { get; init; }

    /// <summary>Connections that the database grants in all, where it grants any.</summary>
    public long? Connections { get; init; }

    /// <summary>For each key that something is sealed with, a sample, to try the key ring with.</summary>
    public IReadOnlyList<SealedSample> Sealed { get; init; } = [];

    /// <summary>The keys in the store that protect secrets at rest and cookies, as XML.</summary>
    public required IReadOnlyList<string> KeyRing { get; init; }
}
