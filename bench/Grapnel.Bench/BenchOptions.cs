using Grapnel.Bench.Tools;

namespace Grapnel.Bench;

/// <summary>How long and how large. The defaults are for results worth keeping, <see cref="Quick"/> is for a look.</summary>
internal sealed record BenchOptions
{
    /// <summary>Where servers under test keep their data. A disk, not memory: what is durable is the point.</summary>
    public string DataRoot { get; init; } = "/var/tmp";

    /// <summary>The server program; null to publish that of this repository first.</summary>
    public string? Server { get; init; }

    /// <summary>Where the servers under test keep what they keep.</summary>
    public StoreChoice Store { get; init; }

    /// <summary>
    /// The CPU that PostgreSQL has to itself, as if it had a machine of its own: whatever else takes part in a measurement, raw as well, runs on the others.
    /// Null to have everything share all of them.
    /// </summary>
    public int? DatabaseCpu { get; init; }

    /// <summary>How often each pair of stretches is measured.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>Length of one measured stretch of full load, in seconds.</summary>
    public int Seconds { get; init; } = 10;

    /// <summary>Length of the stretch before the first that counts, in seconds.</summary>
    public int WarmUpSeconds { get; init; } = 10;

    /// <summary>Publishers at once under full load, each waiting for its answer: what waits together shares a commit.</summary>
    /// <remarks>256 keep two cores busy; with 64, a quarter of the CPU idles while publishers wait for commits.</remarks>
    public int Publishers { get; init; } = 256;

    /// <summary>Length of one measured stretch of steady load, in seconds.</summary>
    public int SteadySeconds { get; init; } = 30;

    /// <summary>Events per second of steady load.</summary>
    public int SteadyRate { get; init; } = 100;

    /// <summary>Pending deliveries of the dead endpoint in <c>backlog</c>.</summary>
    public int Pending { get; init; } = 1_000_000;

    /// <summary>Pending deliveries of the hanging endpoint in <c>neighbour</c>.</summary>
    public int PendingAtNeighbour { get; init; } = 100_000;

    /// <summary>Messages to replay in <c>replay</c>.</summary>
    public int Replayed { get; init; } = 100_000;

    /// <summary>Applications in <c>fairness</c>, with a hundred endpoints each.</summary>
    public int Applications { get; init; } = 100;

    /// <summary>Messages to each application, per round of <c>fairness</c>.</summary>
    public int MessagesPerApplication { get; init; } = 20;

    /// <summary>Messages in <c>lists</c> and <c>retention</c>, with three attempts each.</summary>
    public int Messages { get; init; } = 1_000_000;

    /// <summary>Calls of each kind in <c>lists</c>.</summary>
    public int Calls { get; init; } = 200;

    /// <summary>For how long an idle server is watched, in seconds.</summary>
    public int IdleSeconds { get; init; } = 20;

    /// <summary>How often one durable write is timed.</summary>
    public int Syncs { get; init; } = 500;

    public static BenchOptions Quick { get; } = new()
    {
        Rounds = 2,
        Seconds = 2,
        WarmUpSeconds = 1,
        SteadySeconds = 5,
        Pending = 50_000,
        PendingAtNeighbour = 5_000,
        Replayed = 10_000,
        Applications = 10,
        Messages = 50_000,
        Calls = 50,
        IdleSeconds = 5,
        Syncs = 100,
    };
}
