using System.Numerics;

namespace Grapnel.Storage;

/// <summary>
/// How often durations fell between fixed bounds: unlike percentiles, such counts can be added up over minutes, endpoints and nodes.
/// Below 8 ms every millisecond has a bucket of its own; from there on each doubling has four of equal width, up to 65,535 ms; one holds what is longer.
/// </summary>
public sealed class DurationHistogram
{
    private const int ExactMs = 8;
    private const int PerDoubling = 4;
    private const int FirstDoubling = 3;
    private const int LastDoubling = 15;
    private const int Overflow = ExactMs + PerDoubling * (LastDoubling - FirstDoubling + 1);

    /// <summary>Most bytes that <see cref="Pack"/> writes: for each bucket one byte of distance and a number of 63 bits.</summary>
    internal const int MaxPackedBytes = (Overflow + 1) * 10;

    private readonly long[] _counts = new long[Overflow + 1];

    /// <summary>How many durations were counted.</summary>
    public long Count { get; private set; }

    /// <summary>Counts a duration in milliseconds.</summary>
    public void Add(int durationMs)
    {
        _counts[BucketOf(Math.Max(0, durationMs))]++;
        Count++;
    }

    /// <summary>Adds the counts of another.</summary>
    public void Add(DurationHistogram other)
    {
        for (var bucket = 0; bucket < _counts.Length; bucket++)
            _counts[bucket] += other._counts[bucket];
        Count += other.Count;
    }

    /// <summary>
    /// Estimates a percentile by nearest rank, in milliseconds, or null when nothing was counted. Exact below 8 ms; above, the duration
    /// at that rank lies in the same bucket, so the estimate is off by less than a quarter of it. Durations over 65,535 ms count as
    /// <paramref name="longestMs"/>.
    /// </summary>
    /// <param name="percent">Above 0, up to 100.</param>
    /// <param name="longestMs">The longest duration that was counted; no estimate is longer.</param>
    public int? Percentile(double percent, int longestMs)
    {
        if (Count == 0)
            return null;
        var rank = Math.Clamp((long)Math.Ceiling(percent / 100 * Count), 1, Count);
        var bucket = 0;
        while (rank > _counts[bucket])
            rank -= _counts[bucket++];
        return bucket == Overflow ? longestMs : Math.Min(longestMs, Within(bucket, rank, _counts[bucket]));
    }

    /// <summary>Forgets everything.</summary>
    internal void Clear()
    {
        Array.Clear(_counts);
        Count = 0;
    }

    /// <summary>Writes pairs of the distance to the next bucket that holds anything and its count; returns how many bytes were written.</summary>
    internal int Pack(Span<byte> target)
    {
        var (length, last) = (0, -1);
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            if (_counts[bucket] == 0)
                continue;
            target[length++] = (byte)(bucket - last);
            length += WriteNumber(target[length..], (ulong)_counts[bucket]);
            last = bucket;
        }
        return length;
    }

    /// <summary>Adds the counts that <see cref="Pack"/> wrote.</summary>
    internal void AddPacked(ReadOnlySpan<byte> packed)
    {
        for (var bucket = -1; !packed.IsEmpty;)
        {
            bucket += packed[0];
            packed = packed[(1 + ReadNumber(packed[1..], out var count))..];
            _counts[bucket] += (long)count;
            Count += (long)count;
        }
    }

    // As if the durations of the bucket lay spread over it evenly.
    private static int Within(int bucket, long rank, long count)
    {
        var (first, width) = BoundsOf(bucket);
        return first + (int)((width - 1) * (rank - 0.5) / count);
    }

    private static int BucketOf(int ms)
    {
        if (ms < ExactMs)
            return ms;
        var doubling = BitOperations.Log2((uint)ms);
        return Math.Min(Overflow, ExactMs + PerDoubling * (doubling - FirstDoubling) + (ms >> (doubling - 2)) % PerDoubling);
    }

    private static (int First, int Width) BoundsOf(int bucket)
    {
        if (bucket < ExactMs)
            return (bucket, 1);
        var (doubling, part) = ((bucket - ExactMs) / PerDoubling + FirstDoubling, (bucket - ExactMs) % PerDoubling);
        var width = 1 << (doubling - 2);
        return ((1 << doubling) + part * width, width);
    }

    private static int WriteNumber(Span<byte> target, ulong number)
    {
        var length = 0;
        for (; number > 0x7f; number >>= 7)
            target[length++] = (byte)(number | 0x80);
        target[length++] = (byte)number;
        return length;
    }

    private static int ReadNumber(ReadOnlySpan<byte> source, out ulong number)
    {
        var length = 0;
        number = 0;
        byte next;
        do
        {
            next = source[length];
            number |= (ulong)(next & 0x7f) << (7 * length++);
        }
        while (next > 0x7f);
        return length;
    }
}
