namespace Grapnel.Storage.Sqlite;

/// <summary>
/// A Bloom filter over key prefixes: it never denies one that was added, and seldom takes another for one. With 2 million in it one in 500 is taken
/// wrongly, with 4 million one in 20.
/// </summary>
internal sealed class KeyFilter
{
    // A key has all its bits in one block, which is one line of the processor's cache. Blocks are in order of prefix: filling is sequential.
    private const int BlockBits = 16;
    private const int WordsPerBlock = 8;
    private const int BitsPerKey = 4;

    private readonly ulong[] _words = new ulong[WordsPerBlock << BlockBits];

    /// <param name="prefix">63 random bits.</param>
    public void Add(long prefix)
    {
        for (var i = 0; i < BitsPerKey; i++)
            Word(prefix, i) |= Bit(prefix, i);
    }

    /// <summary>False: it was not added.</summary>
    public bool MayHave(long prefix)
    {
        for (var i = 0; i < BitsPerKey; i++)
        {
            if ((Word(prefix, i) & Bit(prefix, i)) == 0)
                return false;
        }
        return true;
    }

    // Nine bits of the prefix for each of the key's bits: three choose the word, six the bit in it.
    private ref ulong Word(long prefix, int i) =>
        ref _words[(int)(prefix >> (63 - BlockBits)) * WordsPerBlock + (int)(prefix >> (9 * i + 6) & (WordsPerBlock - 1))];

    private static ulong Bit(long prefix, int i) => 1UL << (int)(prefix >> (9 * i));
}
