using BenchmarkDotNet.Attributes;
using Grapnel.Bench.Tools;
using Grapnel.Sending.Signing;

namespace Grapnel.Bench.Pieces;

/// <summary>One Standard Webhooks signature over the body of all scenarios.</summary>
public class SigningPiece
{
    private readonly StandardWebhooksSigner _signer = new([new EndpointSecret(new byte[32], null)]);
    private readonly string _id = new Id<Message>(1).ToString();
    private readonly DateTimeOffset _now = DateTimeOffset.UnixEpoch;

    [Benchmark(Description = "Sign a body of 400 bytes")]
    public string Sign() => _signer.Sign(_id, _now, Body.Bytes.Span);
}
