namespace Grapnel.Server.Inboxes;

/// <summary>Texts of any length, made short enough to read.</summary>
internal static class Shortened
{
    private const int MaxText = 64;
    private const int MaxSignatures = 4;
    private const int SignatureStart = 12;
    private const int SignatureEnd = 6;

    /// <summary>The beginning of a text.</summary>
    public static string Text(string text) => text.Length > MaxText ? text[..MaxText] + "…" : text;

    /// <summary>The two ends of a signature: enough to compare with the eye, too little to use.</summary>
    public static string Signature(string signature) =>
        signature.Length > SignatureStart + SignatureEnd + 1 ? $"{signature[..SignatureStart]}…{signature[^SignatureEnd..]}" : signature;

    /// <summary>The same for a header with several signatures, of which the first few are shown.</summary>
    public static string Signatures(string header)
    {
        var all = header.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return string.Join(' ', all.Take(MaxSignatures).Select(Signature)) + (all.Length > MaxSignatures ? " …" : "");
    }
}
