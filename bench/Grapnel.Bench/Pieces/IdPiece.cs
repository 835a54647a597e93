using BenchmarkDotNet.Attributes;

namespace Grapnel.Bench.Pieces;

/// <summary>Ids: made once per message and attempt, written and read at the edges.</summary>
public class IdPiece
{
    private readonly IdGenerator _ids = new(TimeProvider.System);
    private readonly Id<Message> _id = new IdGenerator(TimeProvider.System).Next<Message>();
    private readonly string _text = new IdGenerator(TimeProvider.System).Next<Message>().ToString();

    [Benchmark(Description = "Make an id")]
    public Id<Message> Make() => _ids.Next<Message>();

    [Benchmark(Description = "Write an id")]
    public string Write() => _id.ToString();

    [Benchmark(Description = "Read an id")]
    public bool Read() => Id<Message>.TryParse(_text, out _);
}
