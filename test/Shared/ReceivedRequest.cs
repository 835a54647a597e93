namespace Grapnel.Testing;

/// <summary>One request as it came over the wire.</summary>
/// <param name="Line">The request line.</param>
/// <param name="Headers">Names and values in the order and spelling they were sent.</param>
/// <param name="Body">The body, byte for byte.</param>
public sealed record ReceivedRequest(string Line, IReadOnlyList<KeyValuePair<string, string>> Headers, byte[] Body)
{
    /// <summary>The value of a header, whatever its case; null when it is missing.</summary>
    public string? Header(string name) =>
        Headers.Where(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(h => h.Value).FirstOrDefault();

    internal static ReceivedRequest Parse(string head)
    {
        var lines = head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        return new ReceivedRequest(lines[0], [.. lines.Skip(1).Select(ParseHeader)], []);
    }

    private static KeyValuePair<string, string> ParseHeader(string line)
    {
        var colon = line.IndexOf(':');
        return new(line[..colon], line[(colon + 1)..].Trim());
    }
}
