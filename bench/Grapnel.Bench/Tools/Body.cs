using System.Globalization;
using System.Text;

namespace Grapnel.Bench.Tools;

/// <summary>The body of every event: 400 bytes of JSON, about the size of a typical webhook, with a number to know it by.</summary>
internal static class Body
{
    public const int Size = 400;
    private const int NumberLength = 12;
    private const string Head = "{\"n\":";
    private const string Middle = ",\"text\":\"";
    private const string Tail = "\"}";
    private static readonly string Filling = new('x', Size - Head.Length - NumberLength - Middle.Length - Tail.Length);

    public static string Text { get; } = Numbered(0);

    public static ReadOnlyMemory<byte> Bytes { get; } = Encoding.ASCII.GetBytes(Text);

    /// <summary>A body with a number of at most twelve digits.</summary>
    public static string Numbered(long number) =>
        Head + number.ToString(CultureInfo.InvariantCulture).PadRight(NumberLength) + Middle + Filling + Tail;

    /// <summary>The number of a body that <see cref="Numbered"/> made.</summary>
    public static long ReadNumber(ReadOnlySpan<byte> body) =>
        long.Parse(Encoding.ASCII.GetString(body.Slice(Head.Length, NumberLength)), CultureInfo.InvariantCulture);
}
