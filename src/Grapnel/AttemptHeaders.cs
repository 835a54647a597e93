using Grapnel.Sending;

namespace Grapnel;

/// <summary>
/// The headers of one exchange in both directions. <c>Host</c> and <c>Content-Length</c> of the request, which the connection adds, are not
/// among them. Names without a value are those whose values are credentials; they are not stored.
/// </summary>
/// <param name="Sent">Headers of the request, in the order they were sent.</param>
/// <param name="Sensitive">Names of request headers whose values were not kept.</param>
/// <param name="Received">Headers of the answer, as far as they fit into 4 KiB; null when there was no answer or none were kept.</param>
public sealed record AttemptHeaders(
    IReadOnlyList<KeyValuePair<string, string>> Sent, IReadOnlyList<string> Sensitive, IReadOnlyList<KeyValuePair<string, string>>? Received)
{
    /// <summary>Of an attempt that kept none: it was made before they were kept, never left the house, or was emptied.</summary>
    public static AttemptHeaders None { get; } = new([], [], null);

    /// <summary>Reads the packed form that <see cref="Attempt.Headers"/> holds.</summary>
    /// <param name="packed">The packed form; may be empty.</param>
    /// <param name="message">The message that was sent.</param>
    public static AttemptHeaders Unpack(ReadOnlySpan<byte> packed, Id<Message> message)
    {
        if (packed.IsEmpty)
            return None;
        var (sent, sensitive, received) = (new List<KeyValuePair<string, string>>(), new List<string>(), new List<KeyValuePair<string, string>>());
        var rest = packed[1..];
        while (!rest.IsEmpty)
        {
            var entry = HeaderPack.Take(ref rest, message);
            if (entry.Received)
                received.Add(new(entry.Name, entry.Value ?? ""));
            else if (entry.Value is { } value)
                sent.Add(new(entry.Name, value));
            else
                sensitive.Add(entry.Name);
        }
        return new AttemptHeaders(sent, sensitive, packed[0] == HeaderPack.Answered ? received : null);
    }

    /// <summary>Never the values: records print their members, and logs print records.</summary>
    public override string ToString() => $"AttemptHeaders({Sent.Count} sent, {Received?.Count ?? 0} received)";
}
