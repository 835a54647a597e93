namespace Grapnel.Storage;

/// <summary>
/// How much one transaction of a sweep may take on, so that no publish waits long behind it: messages, the places they are or were owed at, and bytes of
/// payload.
/// </summary>
internal sealed class SweepLoad(int messages)
{
    private int _messages = messages;
    private int _places = 2_500;
    private long _bytes = 4 << 20;

    /// <summary>Whether nothing more is to be taken on.</summary>
    public bool IsFull => _messages <= 0 || _places <= 0 || _bytes <= 0;

    /// <summary>Takes on a message.</summary>
    public void Add(int places, long bytes)
    {
        _messages--;
        _places -= places;
        _bytes -= bytes;
    }
}
