using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Faults.Harness;

internal enum PublishOutcome
{
    /// <summary>Answered with 202: it is owed.</summary>
    Ok,

    /// <summary>Refused: it must not exist.</summary>
    Failed,

    /// <summary>The connection broke before the answer: it may exist.</summary>
    Unknown,
}

/// <summary>One request as the producer logged it.</summary>
/// <param name="BodyHash">Of the payload, which no other request has.</param>
/// <param name="Outcome">What the producer knows.</param>
/// <param name="Id">The message's id, if the answer told it.</param>
internal sealed record Published(string BodyHash, PublishOutcome Outcome, string? Id);

/// <summary>A kill, as timestamps of <see cref="TimeProvider.System"/>: when the signal was sent, and when the next server was started.</summary>
internal sealed record Outage(long KilledAt, long RestartedAt);

/// <summary>A producer that publishes without a pause, and writes down what came of every single request.</summary>
internal sealed class Ledger(Rig rig, string eventType)
{
    private readonly ConcurrentQueue<Published> _published = new();
    private readonly ConcurrentQueue<Outage> _outages = new();
    private long _killedAt;
    private long _count;

    public IReadOnlyCollection<Published> Published => _published;

    public IReadOnlyCollection<Outage> Outages => _outages;

    /// <summary>Publishes for a while and kills the server at its end, in the middle of it all.</summary>
    public async Task PublishUntilKilledAsync(int producers, TimeSpan time)
    {
        var server = rig.Server;
        using var over = new CancellationTokenSource();
        var load = Enumerable.Range(0, producers).Select(_ => Task.Run(() => ProduceAsync(server.Client, over.Token))).ToArray();
        await Task.Delay(time, TimeProvider.System);
        _killedAt = TimeProvider.System.GetTimestamp();
        await server.KillAsync();
        await over.CancelAsync();
        await Task.WhenAll(load);
    }

    /// <summary>Publishes to some servers until told to stop; to one that dies, until then.</summary>
    /// <param name="clients">The servers' clients; one of them several times for several producers.</param>
    /// <param name="pause">Between two messages of one producer.</param>
    /// <param name="over">Ends it.</param>
    public Task PublishAsync(IEnumerable<HttpClient> clients, TimeSpan pause, CancellationToken over) => Task.WhenAll(clients.Select(client => Task.Run(async () =>
    {
        while (!over.IsCancellationRequested && await PublishAsync(client) != PublishOutcome.Unknown)
            await Task.Delay(pause, TimeProvider.System, CancellationToken.None);
    })));

    /// <summary>Starts the server again.</summary>
    public Task RestartAsync()
    {
        _outages.Enqueue(new Outage(_killedAt, TimeProvider.System.GetTimestamp()));
        return rig.StartAsync();
    }

    /// <summary>Publishes one message more.</summary>
    public Task<PublishOutcome> PublishOneAsync() => PublishAsync(rig.Client);

    private async Task ProduceAsync(HttpClient client, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
            if (await PublishAsync(client) == PublishOutcome.Unknown)
                return;
    }

    private async Task<PublishOutcome> PublishAsync(HttpClient client)
    {
        // Odd spacing and numbers: only bytes that are passed on as they are keep this hash.
        var body = Encoding.UTF8.GetBytes($$"""{ "n":{{Interlocked.Increment(ref _count)}} ,"price": 1.10, "text":"\u00e9é" }""");
        var hash = Convert.ToHexString(SHA256.HashData(body));
        var published = await TryAsync(client, body, hash);
        _published.Enqueue(published);
        return published.Outcome;
    }

    private async Task<Published> TryAsync(HttpClient client, byte[] body, string hash)
    {
        try
        {
            var reply = await client.SendAsync(HttpMethod.Post, $"/trigger/{eventType}", body);
            return reply.Status == 202 ? new(hash, PublishOutcome.Ok, reply.Id) : new(hash, PublishOutcome.Failed, null);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return new Published(hash, PublishOutcome.Unknown, null);
        }
    }
}
