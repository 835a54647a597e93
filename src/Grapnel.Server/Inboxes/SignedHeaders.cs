using System.Globalization;
using Grapnel.Sending.Signing;

namespace Grapnel.Server.Inboxes;

/// <summary>The three headers of a signed request (Standard Webhooks 1.0.0), and what is wrong with them.</summary>
internal sealed class SignedHeaders
{
    private const string IdName = "webhook-id";
    private const string TimestampName = "webhook-timestamp";
    private const string SignatureName = "webhook-signature";

    private readonly List<string> _faults = [];
    private readonly InboxRequest _request;

    public SignedHeaders(InboxRequest request)
    {
        _request = request;
        Id = Read(IdName);
        Timestamp = Read(TimestampName);
        Signature = Read(SignatureName);
        if (Id?.Length > SignedContent.MaxIdLength)
            _faults.Add($"{IdName} has more than {SignedContent.MaxIdLength} characters.");
        var isTime = long.TryParse(Timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds();
        UnixSeconds = isTime ? seconds : null;
    }

    /// <summary>The header <c>webhook-id</c>; null when it is missing or came several times.</summary>
    public string? Id { get; }

    /// <summary>The header <c>webhook-timestamp</c>; null when it is missing or came several times.</summary>
    public string? Timestamp { get; }

    /// <summary>The header <c>webhook-signature</c>; null when it is missing or came several times.</summary>
    public string? Signature { get; }

    /// <summary>The timestamp as a number; null when it is none.</summary>
    public long? UnixSeconds { get; }

    /// <summary>What is wrong, in sentences; empty when nothing is.</summary>
    public string Fault => string.Join(' ', _faults);

    private string? Read(string name)
    {
        var values = _request.Headers.Chunk(2).Where(pair => name.Equals(pair[0], StringComparison.OrdinalIgnoreCase)).Select(pair => pair[1]).ToList();
        if (values is [{ Length: > 0 } value])
            return value;
        _faults.Add(values.Count > 1 ? $"{name} came {values.Count} times." : $"{name} is missing.");
        return null;
    }
}
