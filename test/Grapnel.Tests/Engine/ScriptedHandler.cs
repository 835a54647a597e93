using System.Collections.Concurrent;
using System.Net;

namespace Grapnel.Tests.Engine;

/// <summary>One request as the receiver saw it.</summary>
internal sealed record Received(string Url, string MessageId, string Body, IReadOnlyDictionary<string, string> Headers);

/// <summary>The receiver's side of the wire, told by each test what to answer. The engine around it is the real one.</summary>
internal sealed class ScriptedHandler : HttpMessageHandler
{
    private readonly ConcurrentQueue<Received> _received = new();
    private int _open;
    private int _mostOpen;

    /// <summary>What to answer; 200 until a test says otherwise. May wait.</summary>
    public Func<Received, CancellationToken, Task<HttpResponseMessage>> Answer { get; set; } = (_, _) => Task.FromResult(Status(200));

    public IReadOnlyList<Received> Received => [.. _received];

    /// <summary>The most requests that were open at once.</summary>
    public int MostOpen => _mostOpen;

    public IEnumerable<string> Bodies(string url = "") => Received.Where(r => r.Url.Contains(url)).Select(r => r.Body);

    public void AnswerWith(Func<Received, int> status) => Answer = (request, _) => Task.FromResult(Status(status(request)));

    public static HttpResponseMessage Status(int code, params (string Name, string Value)[] headers)
    {
        var response = new HttpResponseMessage((HttpStatusCode)code) { Content = new ByteArrayContent([]) };
        foreach (var (name, value) in headers)
            response.Headers.TryAddWithoutValidation(name, value);
        return response;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = await request.Content!.ReadAsStringAsync(cancellationToken);
        var headers = request.Headers.ToDictionary(h => h.Key, h => string.Join(",", h.Value), StringComparer.OrdinalIgnoreCase);
        var received = new Received(request.RequestUri!.ToString(), headers["webhook-id"], body, headers);
        _received.Enqueue(received);
        InterlockedMax(ref _mostOpen, Interlocked.Increment(ref _open));
        try
        {
            return await Answer(received, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    private static void InterlockedMax(ref int target, int value)
    {
        int seen;
        while (value > (seen = Volatile.Read(ref target)) && Interlocked.CompareExchange(ref target, value, seen) != seen) { }
    }
}
